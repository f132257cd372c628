"""What native services need: addresses, the variables that the engine fills, and a strict `x-native`."""

import pytest

from obsiverse.compose import ComposeError

NATIVE = """\
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


def test_an_address_that_the_env_file_sets_wins(project):
    chosen = project(NATIVE, native=True, files={".env": "BACK_ADDR=10.0.0.1:1\n"})
    assert chosen.services["front"].environment["URL"] == "http://10.0.0.1:1/x"


def test_an_address_of_no_service_is_refused_with_its_place(project, tmp_path):
    with pytest.raises(ComposeError, match="names bakc, and there is no such service") as caught:
        project(NATIVE.replace("back:80}/x", "bakc:80}/x"), native=True)
    assert str(caught.value).startswith(f"{tmp_path / 'compose.yaml'}:7: ")


@pytest.mark.parametrize(
    "elsewhere", ["localhost:80", "example.org:80", "127.0.0.1:80", "host.docker.internal:80", "word"]
)
def test_an_address_of_another_machine_stays(project, elsewhere):
    loaded = project(f"services: {{a: {{image: x, environment: {{U: '${{SOME_ADDR:-{elsewhere}}}'}}}}}}\n", native=True)
    assert loaded.services["a"].environment["U"] == elsewhere


def test_a_variable_that_stands_for_two_addresses_is_refused(project):
    with pytest.raises(ComposeError, match="BACK_ADDR is back:81 here and back:80 in"):
        project(NATIVE.replace("9000}:80", "9000}:80-81").replace('"127.0.0.1:$', '"127.0.0.1:9005:81", "127.0.0.1:$')
                .replace(":80-81", ":80").replace('back:80}"]', 'back:81}"]'), native=True)  # fmt: skip


def test_an_address_is_the_tcp_port(project):
    text = """\
    services:
      back: {image: x, ports: ["9001:53/udp", "9002:53"]}
      front: {image: x, environment: {DNS: "${DNS_ADDR:-back:53}"}}
    """
    assert project(text, native=True).services["front"].environment["DNS"] == "127.0.0.1:9002"


def test_a_default_that_is_a_variable_itself_is_followed(project):
    text = """\
    services:
      back: {image: x, ports: ["9001:80"]}
      front: {image: x, environment: {URL: "${BACK_ADDR:-${WHERE:-back}:80}"}}
    """
    assert project(text, native=True).services["front"].environment["URL"] == "127.0.0.1:9001"


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ("[a]", "x-native: takes a map here"),
        ("{}", "x-native.command: is missing"),
        ("{command: []}", "x-native.command: is empty"),
        ("{command: a b}", "x-native.command: takes a list here"),
        (
            "{command: [a], project: ., component: b}",
            "takes project for Python or component for a Go program, not both",
        ),
        ("{command: [a], healthcheck: {interval: 5s}}", "takes one of http, tcp and test"),
        ("{command: [a], healthcheck: {http: {port: 80}, tcp: {port: 80}}}", "takes one of http, tcp and test"),
        ("{command: [a], healthcheck: {http: {path: /}}}", "x-native.healthcheck.http.port: is missing"),
        ("{command: [a], healthcheck: {http: {port: 80, path: x}}}", "x-native.healthcheck.http.path"),
        ("{command: [a], healthcheck: {http: {port: 0}}}", "x-native.healthcheck.http.port"),
        ("{command: [a], healthcheck: {http: {port: 80, host: b}}}", "x-native.healthcheck.http.host: is not honoured"),
        ("{command: [a], healthcheck: {test: [curl]}}", "begins with CMD or CMD-SHELL"),
        ("{command: [a], healthcheck: {tcp: {port: 80}, interval: 5}}", "5 is no duration"),
        ("{command: [a], ports: {http: PORT}}", "x-native.ports"),
        ("{command: [a], paths: {opt: BASE}}", "x-native.paths"),
        ("{command: [a], volumes: {/data: not-a-name}}", "x-native.volumes./data"),
        ("{command: [a], environment: {A: [1]}}", "x-native.environment.A: takes a text or a number here"),
        ("{command: [a], pages: {not-a-name: x}}", "x-native.pages"),
        ("{command: [a], otherwise: {command: [b]}}", "takes otherwise only beside component or programs"),
        ("{command: [a], component: a, otherwise: [b]}", "x-native.otherwise: takes a map here"),
        ("{command: [a], component: a, otherwise: {}}", "x-native.otherwise.command: is missing"),
        (
            "{command: [a], component: a, otherwise: {command: [b], user: c}}",
            "x-native.otherwise.user: is not honoured",
        ),
    ],
)
def test_x_native_is_strict(project, tmp_path, native, expected):
    with pytest.raises(ComposeError) as caught:
        project(f"services:\n  a:\n    image: x\n    x-native: {native}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'compose.yaml'}:4: services.a.x-native")
    assert expected in str(caught.value)


OTHERWISE = """\
services:
  a:
    image: x
    x-native:
      command: [sh]
      programs: {TOOL: tool}
      otherwise:
        project: ../other
        command: [python, -m, other]
        environment: ["PORT=${A_PORT:-9000}"]
        pages: {PAGE: ../other/page}
"""


def test_what_runs_otherwise_is_in_the_same_form(project, tmp_path):
    native = project(OTHERWISE).services["a"].native
    otherwise = native.otherwise
    assert (native.project, native.programs) == (None, {"TOOL": "tool"})
    assert otherwise.project == (tmp_path / "../other").resolve()
    assert otherwise.pages == {"PAGE": (tmp_path / "../other/page").resolve()}
    assert otherwise.environment == {"PORT": "9000"}
    assert otherwise.otherwise is None


def test_the_command_of_what_runs_otherwise_is_replaced_not_grown(project):
    over = "services: {a: {x-native: {otherwise: {command: [mine]}}}}\n"
    native = project(OTHERWISE, files={"over.yaml": over}, over=["over.yaml"]).services["a"].native
    assert (native.command, native.otherwise.command) == (("sh",), ("mine",))


def test_x_native_of_an_extended_file_keeps_its_own_folder(project, tmp_path):
    loaded = project(
        "services: {a: {extends: {file: in/base.yaml, service: base}, image: x, x-native: {command: [own]}}}\n",
        files={"in/base.yaml": "services: {base: {x-native: {project: ../code, command: [python], working_dir: .}}}\n"},
    )
    native = loaded.services["a"].native
    assert (native.project, native.working_dir, native.command) == (tmp_path / "code", tmp_path / "in", ("own",))


def test_the_health_check_in_the_agents_form(project):
    text = """\
    services:
      a:
        image: x
        x-native: {command: [a], healthcheck: {http: {port: 80, path: /up}, interval: 5s, start_interval: 200ms}}
    """
    assert project(text).services["a"].native.healthcheck.as_spec() == {
        "http": {"port": 80, "path": "/up"},
        "interval": 5.0,
        "timeout": 30.0,
        "retries": 3,
        "start_period": 0.0,
        "start_interval": 0.2,
    }
