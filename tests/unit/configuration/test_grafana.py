"""What Grafana is built from, set to and given, and that Lookout gets the same."""

from __future__ import annotations

import configparser
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from obsiverse import compose
from obsiverse.components import catalog
from obsiverse.engine.units import Unit, plan
from obsiverse.engine.workspace import Workspace
from obsiverse.targets import load_target

ROOT = Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "grafana"
PROVISIONING = sorted((GRAFANA / "provisioning").rglob("*.yaml"))
COMPOSE = (ROOT / "compose" / "compose.yaml",)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def units(state: Path) -> dict[str, Unit]:
    """What the native engine runs, by name; what it runs otherwise as `otherwise`."""
    project = compose.load(COMPOSE, environment={"OBSIVERSE_AGENT": "unix:///nowhere"}, native=True)
    found = {unit.name: unit for unit in plan(project, Workspace(ROOT, COMPOSE, state)).units}
    otherwise = found["grafana"].otherwise
    assert otherwise is not None
    return {**found, "otherwise": otherwise}


def variables(text: str) -> set[str]:
    """The variables that Grafana would expand; a label of an alert, such as {{ $labels.x }}, is none."""
    return set(re.findall(r"\$\{(\w+)\}", text))


def without_comments(file: Path) -> str:
    return re.sub(r"(?m)(^|\s)#.*$", "", file.read_text())


def test_provisioning_reads_only_what_both_programs_have_on_both_engines(units: dict[str, Unit]):
    read = set[str]().union(*(variables(without_comments(file)) for file in PROVISIONING))
    assert {"AMP_QUERY_URL", "AWS_ENDPOINT_URL", "AWS_REGION", "GRAFANA_DASHBOARDS"} <= read
    in_docker = compose.load(COMPOSE, environment={}).services["grafana"].environment
    for environment in (in_docker, units["grafana"].spec["env"], units["otherwise"].spec["env"]):
        assert read <= environment.keys()


def test_provisioning_holds_no_address():
    for file in PROVISIONING:
        values = without_comments(file)
        assert not re.findall(r"https?://|\b127\.0\.0\.1|\blocalhost|amazonaws", values), file


def test_the_data_sources_are_those_of_amazon_s_grafana():
    sources = YAML(typ="safe").load(GRAFANA / "provisioning" / "datasources" / "obsiverse.yaml")["datasources"]
    assert {one["uid"]: one["type"] for one in sources} == {
        "amp": "grafana-amazonprometheus-datasource",
        "cloudwatch": "cloudwatch",
        "xray": "grafana-x-ray-datasource",
    }
    assert all(one["uid"] == one["name"] for one in sources)
    assert [one["name"] for one in sources if one.get("isDefault")] == ["amp"]
    plugins = {plugin.name for plugin in catalog.find("grafana").release.plugins}
    assert {one["type"] for one in sources} - {"cloudwatch"} == plugins
    [exemplars] = sources[0]["jsonData"]["exemplarTraceIdDestinations"]
    assert exemplars == {"name": "trace_id", "datasourceUid": "xray"}


def test_the_image_and_the_release_are_the_same_versions():
    distribution = catalog.find("grafana")
    dockerfile = (GRAFANA / "Dockerfile").read_text()
    assert f"FROM grafana/grafana:{distribution.version}\n" in dockerfile
    installed = dict(re.findall(r"plugins install (\S+) (\S+)", dockerfile))
    assert installed == {plugin.name: plugin.version for plugin in distribution.release.plugins}


def test_nothing_is_sent_anywhere_and_whoever_looks_may_only_look():
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(GRAFANA / "grafana.ini")
    assert not any(settings["analytics"].getboolean(name) for name in settings["analytics"])
    assert settings["news"]["news_feed_enabled"] == "false"
    assert settings["plugins"]["preinstall_disabled"] == "true"
    assert settings["security"]["disable_gravatar"] == "true"
    assert settings["snapshots"]["external_enabled"] == "false"
    assert (settings["auth.anonymous"]["enabled"], settings["auth.anonymous"]["org_role"]) == ("true", "Viewer")
    assert "disable_login_form" not in settings["auth"]


def test_the_edge_reads_the_password_that_either_program_makes(units: dict[str, Unit], state: Path):
    place = str(state / "data" / "grafana-admin" / "password")
    assert units["aws"].spec["env"]["GRAFANA_ADMIN_PASSWORD_FILE"] == place
    assert units["grafana"].spec["env"]["GRAFANA_ADMIN_PASSWORD_FILE"] == place
    assert units["otherwise"].spec["env"]["LOOKOUT_ADMIN_PASSWORD_FILE"] == place
    services = compose.load(COMPOSE, environment={}).services
    files = {services[name].environment["GRAFANA_ADMIN_PASSWORD_FILE"] for name in ("aws", "grafana")}
    assert len(files) == 1
    mounted = [[(v.source, v.target) for v in services[name].volumes] for name in ("aws", "grafana")]
    assert all(("grafana-admin", str(Path(next(iter(files)) or "").parent)) in volumes for volumes in mounted)


def test_neither_waits_for_the_other(units: dict[str, Unit]):
    assert units["grafana"].dependencies == ()
    assert "grafana" not in [dependency.service for dependency in units["aws"].dependencies]


def test_both_programs_answer_where_the_target_says(units: dict[str, Unit]):
    target = load_target("local", {"GRAFANA_PORT": "13000"}).environment()
    assert target["GRAFANA_URL"] == "http://127.0.0.1:13000"
    assert target["GRAFANA_WORKSPACE_ID"] == "g-0000000000"
    assert units["aws"].spec["env"]["GRAFANA_ADDR"] == "127.0.0.1:3000"
    assert units["grafana"].spec["env"]["GRAFANA_LISTEN"] == "127.0.0.1:3000"
    assert units["otherwise"].spec["env"]["LOOKOUT_LISTEN"] == "127.0.0.1:3000"
    assert units["grafana"].spec["health"] == units["otherwise"].spec["health"]


# Says what it was started with.
PROGRAM = """#!/bin/sh
{
	echo "arguments $*"
	env | grep -E '^(GF_|GRAFANA)' | sort
	[ "$1" = server ] || echo "stdin $(cat)"
} >>"$SAID"
"""


class Started:
    """`entrypoint.sh` with a stand-in for the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "home of it" / "bin" / "grafana"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM)
        program.chmod(0o755)
        self.data, self.password = folder / "data", folder / "admin" / "password"
        self.environment = {
            "PATH": os.environ["PATH"],
            "SAID": str(folder / "said"),
            "GRAFANA": str(program),
            "GRAFANA_LISTEN": "127.0.0.1:13000",
            "GRAFANA_DATA": str(self.data),
            "GRAFANA_PROVISIONING": str(folder / "provisioning"),
            "GRAFANA_DASHBOARDS": str(folder / "dashboards"),
            "GRAFANA_ADMIN_PASSWORD_FILE": str(self.password),
        }

    def start(self) -> str:
        """What the program said."""
        Path(self.environment["SAID"]).unlink(missing_ok=True)
        subprocess.run(["sh", "entrypoint.sh"], cwd=GRAFANA, env=self.environment, check=True, timeout=20)
        return Path(self.environment["SAID"]).read_text()


@pytest.fixture
def started(tmp_path: Path) -> Started:
    return Started(tmp_path)


def test_the_password_is_made_once_and_for_its_owner_only(started: Started):
    said = started.start()
    password = started.password.read_text()
    assert re.fullmatch(r"[0-9a-f]{48}", password)
    assert stat.S_IMODE(started.password.stat().st_mode) == 0o600
    assert f"GF_SECURITY_ADMIN_PASSWORD={password}\n" in said
    key = (started.data / "secret-key").read_text()
    assert f"GF_SECURITY_SECRET_KEY={key}\n" in said
    assert key != password
    assert started.start() == said
    assert [file.name for file in started.password.parent.iterdir()] == ["password"]


def test_the_program_gets_its_own_folder_and_its_address(started: Started):
    said = started.start()
    home = started.folder / "home of it"
    assert f"arguments server --homepath {home} --config {GRAFANA / 'grafana.ini'}\n" in said
    for line in (
        f"GF_PATHS_DATA={started.data}",
        f"GF_PATHS_PLUGINS={home}/{catalog.PLUGINS}",
        f"GF_PATHS_PROVISIONING={started.folder / 'provisioning'}",
        "GF_SERVER_HTTP_ADDR=127.0.0.1",
        "GF_SERVER_HTTP_PORT=13000",
    ):
        assert f"{line}\n" in said


def test_a_password_that_was_lost_is_set_anew_in_the_database(started: Started):
    started.start()
    (started.data / "grafana.db").write_text("a database")
    assert "reset-admin-password" not in started.start()
    started.password.unlink()
    said = started.start()
    assert "admin reset-admin-password --password-from-stdin\n" in said
    assert f"stdin {started.password.read_text()}\n" in said
    assert said.index("reset-admin-password") < said.index("arguments server")
