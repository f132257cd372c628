"""What is wrong is refused with file, line and key; what native services need is resolved."""

import textwrap

import pytest

from obsiverse import compose
from obsiverse.compose import ComposeError


@pytest.fixture
def project(tmp_path):
    """Load a Compose file from its text."""

    def load(text, *, environment=None, name="compose.yaml", **options):
        file = tmp_path / name
        file.write_text(textwrap.dedent(text))
        return compose.load([file], environment=environment or {}, **options)

    return load


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("services:\n  a:\n    image: x\n    imagine: y\n", 4, "services.a.imagine: is not honoured"),
        ("services:\n  a:\n    image: x\n    healthcheck:\n      test: [CMD, a]\n      often: 1\n", 6, "healthcheck.often: is not"),
        ("surprises: {}\n", 1, "surprises: is not honoured"),
        ("services:\n  a:\n    image: x\n    restart: sometimes\n", 4, "services.a.restart"),
        ("services:\n  a:\n    image: x\n    ports:\n      - '80:80'\n      - 'x:y'\n", 6, "'x:y' is no port"),
        ("services:\n  a:\n    image: x\n    volumes: ['a:b:c:d']\n", 4, "is no volume"),
        ("services:\n  a:\n    image: x\n    volumes: ['kept:/data']\n", 4, "there is no kept under the top-level volumes"),
        ("services:\n  a:\n    image: x\n    healthcheck: {test: [CMD, a], interval: soon}\n", 4, "is no duration"),
        ("services:\n  a:\n    image: x\n    depends_on: [b]\n", 4, "depends on b, but there is no such service"),
        ("services:\n  a:\n    image: x\n  a:\n    image: y\n", 4, "stands twice"),
        ("services:\n  a:\n    image: x\n    env_file: missing.env\n", 4, "missing.env"),
        ("include: [missing.yaml]\n", 1, "missing.yaml"),
        ("services:\n  a:\n    extends: b\n", 3, "there is no service b"),
        ("services:\n  a:\n    restart: always\n", 2, "neither image nor build"),
        ("services:\n  a:\n    image: x\n    ports: !reset []\n", 4, "!reset"),
        ("services:\n  a: [\n", 3, "is no YAML"),
        ("- a\n", 1, "is no map"),
        ("services:\n  a:\n    image: x\n    x-native: {command: [a], porst: {}}\n", 4, "porst"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(project, tmp_path, text, line, expected):
    with pytest.raises(ComposeError) as caught:
        project(text)
    assert f"{tmp_path / 'compose.yaml'}:{line}: " in str(caught.value)
    assert expected in str(caught.value)


def test_a_circle_of_dependencies_is_shown(project):
    with pytest.raises(ComposeError, match="a → b → c → a"):
        project("services:\n" + "".join(f"  {a}: {{image: x, depends_on: [{b}]}}\n" for a, b in ("ab", "bc", "ca")))


def test_a_port_published_twice_is_refused(project):
    with pytest.raises(ComposeError, match="port 80 is published by a too"):
        project('services:\n  a: {image: x, ports: ["80:1"]}\n  b: {image: x, ports: ["80:2"]}\n')


def test_an_include_circle_is_refused(project, tmp_path):
    (tmp_path / "other.yaml").write_text("include: [compose.yaml]\n")
    with pytest.raises(ComposeError, match=r"in a circle: compose\.yaml → other\.yaml → compose\.yaml"):
        project("include: [other.yaml]\n")


def test_an_extends_circle_is_refused(project):
    with pytest.raises(ComposeError, match="extends itself"):
        project("services:\n  a: {extends: b, image: x}\n  b: {extends: a, image: x}\n")


NATIVE = """
services:
  back:
    image: back
    ports: ["127.0.0.1:${BACK_PORT:-9000}:80"]
  front:
    image: front
    environment: {URL: "http://${BACK_ADDR:-back:80}/x"}
    x-native:
      project: ../front
      command: [run, "$${DATA}", "${BACK_ADDR:-back:80}"]
      volumes: {/data: DATA}
"""


def test_native_addresses_are_loopback_and_the_published_port(project):
    assert project(NATIVE).services["front"].environment["URL"] == "http://back:80/x"
    assert project(NATIVE, native=True).services["front"].environment["URL"] == "http://127.0.0.1:9000/x"
    moved = project(NATIVE, native=True, environment={"BACK_PORT": "9001"})
    assert moved.services["front"].environment["URL"] == "http://127.0.0.1:9001/x"
    assert moved.services["front"].native.command == ("run", "${DATA}", "127.0.0.1:9001")


def test_an_address_that_was_set_wins(project):
    chosen = project(NATIVE, native=True, environment={"BACK_ADDR": "10.0.0.1:1"})
    assert chosen.services["front"].environment["URL"] == "http://10.0.0.1:1/x"


def test_an_address_of_a_port_that_is_not_published_is_refused(project):
    with pytest.raises(ComposeError, match="asks for port 81 of back, which does not publish it"):
        project(NATIVE.replace("back:80}/x", "back:81}/x"), native=True)


def test_native_paths_start_from_the_file(project, tmp_path):
    assert project(NATIVE).services["front"].native.project == (tmp_path / "../front").resolve()


def test_services_of_other_profiles_are_kept_apart(project):
    text = "services:\n  a: {image: x}\n  b: {image: x, profiles: [task]}\n"
    assert set(project(text).services) == {"a"}
    assert set(project(text).disabled_services) == {"b"}
    assert set(project(text, profiles=["task"]).services) == {"a", "b"}


def test_a_secrets_value_is_in_no_output(project):
    loaded = project(
        "services:\n  a: {image: x, secrets: [s]}\nsecrets: {s: {environment: S}}\n", environment={"S": "hidden"}
    )
    assert loaded.secrets["s"].read() == "hidden"
    assert "hidden" not in str(compose.to_config(loaded))
