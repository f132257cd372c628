"""What Compose makes of small files, ours makes too. Together the files use every key that both engines honour."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from obsiverse import components, compose

FILES = Path(__file__).parent / "files"
ENVIRONMENT = {
    "BOTH": "shell",
    "PASSED_ON": "shell",
    "TOKEN": "hidden",
    "PATH": os.environ["PATH"],
    "HOME": os.environ["HOME"],
}
CASES = sorted(folder.name for folder in FILES.iterdir())
PROFILES = {"profiles": ("task",), "merging": ("over",)}


@pytest.fixture(scope="session")
def docker_compose() -> list[str]:
    """The Compose program: the one that OBSIVERSE_DOCKER_COMPOSE names, Docker's plugin, or the component of that name."""
    given = os.environ.get("OBSIVERSE_DOCKER_COMPOSE")
    if given:
        return [given]
    if shutil.which("docker"):
        done = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True, check=False)
        found = re.match(r"v?(\d+)\.(\d+)", done.stdout)
        if done.returncode == 0 and found and (int(found[1]), int(found[2])) >= (2, 30):
            return ["docker", "compose"]
    try:
        return [str(components.get("docker-compose").path)]
    except components.ComponentError as error:
        pytest.skip(
            f"{error}; then `python -m obsiverse.components get docker-compose`, or set OBSIVERSE_DOCKER_COMPOSE"
        )


def theirs(program: list[str], files: list[Path], profiles: tuple[str, ...]) -> dict:
    """`docker compose config`, as JSON."""
    arguments = [
        *(f"--file={file}" for file in files),
        *(f"--profile={name}" for name in profiles),
        "config",
        "--format",
        "json",
    ]
    done = subprocess.run([*program, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_case_is_here():
    assert len(CASES) >= 18


@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", CASES)
def test_config_is_what_compose_makes_of_it(case, docker_compose):
    files = [FILES / case / name for name in ("compose.yaml", "over.yaml") if (FILES / case / name).exists()]
    profiles = PROFILES.get(case, ())
    ours = compose.to_config(compose.load(files, environment=ENVIRONMENT, profiles=profiles))
    assert ours == theirs(docker_compose, files, profiles)


@pytest.mark.timeout(900)
def test_the_projects_own_files_too(docker_compose):
    file = Path(__file__).parents[2] / "compose" / "compose.yaml"
    for profiles in ((), ("task",)):
        ours = compose.to_config(compose.load([file], environment=ENVIRONMENT, profiles=profiles))
        assert ours == theirs(docker_compose, [file], profiles)


@pytest.mark.timeout(900)
def test_the_overrides_for_gpus_and_older_engines_reach_what_they_are_for(docker_compose):
    folder = Path(__file__).parents[2] / "compose"
    plain = theirs(docker_compose, [folder / "compose.yaml"], ())["services"]
    files = [folder / name for name in ("compose.yaml", "docker-24.yaml", "gpu.yaml")]
    services = theirs(docker_compose, files, ())["services"]
    checked = {name for name, one in plain.items() if "start_interval" in one.get("healthcheck", {})}
    assert checked == {name for name, one in plain.items() if "healthcheck" in one}
    assert not any("start_interval" in one.get("healthcheck", {}) for one in services.values())
    assert all(services[name]["healthcheck"]["interval"] == "3s" for name in checked)
    devices = services["model"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": -1, "capabilities": ["gpu"]}]
    assert services["model"]["build"]["args"] == {"TORCH": "cuda"}
    assert services["dcgm-exporter"]["deploy"]["resources"]["reservations"]["devices"][0]["driver"] == "nvidia"
    configs = [one.removeprefix("--config=") for one in services["otel-collector"]["command"]]
    assert configs == [one["target"] for one in services["otel-collector"]["volumes"] if one["type"] == "bind"]


@pytest.mark.timeout(900)
def test_the_override_for_lookout_changes_grafana_alone(docker_compose):
    folder = Path(__file__).parents[2] / "compose"
    plain = theirs(docker_compose, [folder / "compose.yaml"], ())
    files = [folder / "compose.yaml", folder / "lookout.yaml"]
    changed = theirs(docker_compose, files, ())
    assert compose.to_config(compose.load(files, environment=ENVIRONMENT)) == changed
    grafana, lookout = plain["services"].pop("grafana"), changed["services"].pop("grafana")
    assert plain == changed
    assert (lookout["image"], lookout["ports"], lookout["volumes"]) == (
        "obsiverse/lookout",
        grafana["ports"],
        grafana["volumes"],
    )
    assert lookout["build"] == {"context": str(folder.parent), "dockerfile": "services/lookout/Dockerfile"}
    targets = {volume["target"] for volume in lookout["volumes"]}
    places = {name: value for name, value in lookout["environment"].items() if value.startswith("/")}
    assert {name for name in places if name.startswith("LOOKOUT_")} == {
        "LOOKOUT_DATA",
        "LOOKOUT_PROVISIONING",
        "LOOKOUT_ADMIN_PASSWORD_FILE",
    }
    assert all(any(Path(place).is_relative_to(target) for target in targets) for place in places.values())
