"""What is wrong is refused with file, line and key; what is right is resolved."""

import pytest

from obsiverse import compose
from obsiverse.compose import ComposeError

A = "services:\n  a:\n    image: x\n"


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
        ("", 1, "is empty"),
        ("services:\n  a: {image: \u0001}\n", 1, "is no YAML"),
        ("x-a: &a [*a]\n" + A, 1, "an anchor holds itself"),
        (A + "    environment: {A: 2020-01-01}\n", 4, "put it in quotes"),
        (A + "    environment: {A: [1]}\n", 4, "services.a.environment.A: takes a text or a number here, not a list"),
        (A + "    environment:\n      1: a\n", 5, "put it in quotes"),
        (A + "    init: perhaps\n", 4, "services.a.init: takes true or false here"),
        (A + "    healthcheck:\n      retries: [1]\n", 5, "healthcheck.retries: takes a whole number here"),
        (A + "    healthcheck:\n      retries: true\n", 5, "healthcheck.retries: true is no number"),
        (A + "    healthcheck: {interval: 5}\n", 4, "5 is no duration; write it as 1m30s"),
        (A + "    healthcheck: {test: [curl, x]}\n", 4, "begins with CMD, CMD-SHELL or NONE"),
        (A + "    command: [sleep, 10]\n", 4, "services.a.command.1: takes a text here; put it in quotes"),
        (A + "    command: a && b\n", 4, "& needs a shell; write [sh, -c,"),
        (A + "    command: 'a \"b'\n", 4, "has no end"),
        (A + "    user: 1000\n", 4, "services.a.user: takes a text here; put it in quotes"),
        (A + "    ports: ['99999:80']\n", 4, "not between 1 and 65535"),
        (A + "    ports: ['1-3:1-2']\n", 4, "has 3 ports for 2"),
        (A + "    ports:\n      - target: 80\n        published: 80-90\n", 6, "takes one port"),
        (A + "    ports:\n      - published: '80'\n", 5, "services.a.ports.0.target: is missing"),
        (A + "    ports: ['999.0.0.1:80:80']\n", 4, "is no IP address"),
        (A + "    volumes: ['v:/x']\nvolumes: {v: }\n", 4, "for a drive"),
        (A + "    volumes: ['./x:/x:z']\n", 4, "the option 'z'"),
        (A + "    networks: [nowhere]\n", 4, "there is no nowhere under the top-level networks"),
        (A + "    networks:\n      default: {aliases: [b]}\n", 5, "networks.default.aliases: is not honoured"),
        (A + "    configs: [nowhere]\n", 4, "there is no nowhere under the top-level configs"),
        (A + "    logging:\n      driver: syslog\n", 5, "services.a.logging.driver"),
        (A + "    logging:\n      options: {compress: 'true'}\n", 4, "the option compress is not honoured"),
        (A + "    logging:\n      options: {max-size: much}\n", 4, "is no size"),
        (A + "    deploy:\n      replicas: 2\n", 5, "services.a.deploy.replicas: is not honoured"),
        (A + "    deploy: {resources: {limits: {cpus: many}}}\n", 4, "is no number of CPUs"),
        (A + "    env_file: [{path: a.env, format: raw}]\n", 4, "env_file.format: is not honoured"),
        (A + "    depends_on: {b: {}}\n", 4, "services.a.depends_on.b.condition: is missing"),
        (A + "    name: b\n", 4, "services.a.name: is not honoured"),
        (A + "    extensions: {}\n", 4, "services.a.extensions: is not honoured"),
        (A + "secrets: {s: {}}\n", 4, "secrets.s: takes one source, and has none"),
        (A + "secrets: {s: {file: a, environment: B}}\n", 4, "has file and environment"),
        (A + "secrets: {s: {environment: A, value: b}}\n", 4, "secrets.s.value: is not honoured"),
        (A + "volumes: {v: {driver: nfs}}\n", 4, "volumes.v.driver: 'nfs': takes 'local'"),
        (A + "volumes: {v: {driver_opts: {}}}\n", 4, "volumes.v.driver_opts: is not honoured"),
        ("services:\n  ../a: {image: x}\n", 2, "does not match"),
        ("services: [a]\n", 1, "services: takes a map here"),
        ("name: 5\n" + A, 1, "name: takes a text here"),
        ("include: a.yaml\n" + A, 1, "include: takes a list of files"),
        ("include:\n  - {}\n" + A, 2, "include[0]: names no file"),
        ("include:\n  - {path: compose.yaml, when: now}\n" + A, 2, "include[0].when: is not honoured"),
        ("services:\n  a:\n    extends: {service: b, of: c}\n", 3, "services.a.extends.of: is not honoured"),
        ("services:\n  a:\n    extends: {service: b, file: missing.yaml}\n", 3, "missing.yaml"),
        ("services:\n  a:\n    image: ${IMAGE:?name one}\n", 3, "the variable IMAGE is required: name one"),
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


def test_the_same_port_of_different_addresses_is_refused_only_where_one_is_any_address(project):
    project('services:\n  a: {image: x, ports: ["127.0.0.1:80:1"]}\n  b: {image: x, ports: ["127.0.0.2:80:2"]}\n')
    with pytest.raises(ComposeError, match="port 80 is published by a too"):
        project('services:\n  a: {image: x, ports: ["127.0.0.1:80:1"]}\n  b: {image: x, ports: ["80:2"]}\n')


def test_an_include_circle_is_refused(project, tmp_path):
    with pytest.raises(ComposeError, match=r"in a circle: compose\.yaml → other\.yaml → compose\.yaml") as caught:
        project("include: [other.yaml]\n", files={"other.yaml": "include: [compose.yaml]\n"})
    assert str(caught.value).startswith(f"{tmp_path / 'other.yaml'}:1: ")


def test_a_service_that_an_included_file_has_too_is_refused_with_both_places(project, tmp_path):
    with pytest.raises(ComposeError, match="which is included") as caught:
        project("include: [other.yaml]\n" + A, files={"other.yaml": A.replace("x", "y")})
    assert f"{tmp_path / 'compose.yaml'}:3: services.a: is in {tmp_path / 'other.yaml'}:2" in str(caught.value)


def test_what_is_wrong_in_an_included_file_is_placed_there(project, tmp_path):
    with pytest.raises(ComposeError) as caught:
        project("include: [in/other.yaml]\n", files={"in/other.yaml": A + "    imagine: y\n"})
    assert str(caught.value).startswith(f"{tmp_path / 'in/other.yaml'}:4: services.a.imagine: ")


def test_what_is_wrong_in_an_override_is_placed_there(project, tmp_path):
    with pytest.raises(ComposeError) as caught:
        project(A, files={"over.yaml": "services:\n  a:\n    restart: sometimes\n"}, over=["over.yaml"])
    assert str(caught.value).startswith(f"{tmp_path / 'over.yaml'}:3: services.a.restart: ")


def test_a_list_over_a_map_is_refused(project):
    with pytest.raises(ComposeError, match="can't stand over"):
        project(A + "    x-a: {b: 1}\n", files={"over.yaml": "services: {a: {x-a: [1]}}\n"}, over=["over.yaml"])


def test_an_extends_circle_is_refused(project):
    with pytest.raises(ComposeError, match="extends itself"):
        project("services:\n  a: {extends: b, image: x}\n  b: {extends: a, image: x}\n")


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


def test_all_profiles_and_those_of_the_environment(project):
    text = "services:\n  a: {image: x}\n  b: {image: x, profiles: [one]}\n  c: {image: x, profiles: [two]}\n"
    assert set(project(text, profiles=["*"]).services) == {"a", "b", "c"}
    named = {"COMPOSE_PROFILES": "one, two"}
    assert set(project(text, environment=named).services) == {"a", "b", "c"}
    assert set(project(text, environment=named, profiles=["two"]).services) == {"a", "c"}
    assert set(project(text, files={".env": "COMPOSE_PROFILES=one\n"}).services) == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "environment", "file", "expected"),
    [
        ("given", {"COMPOSE_PROJECT_NAME": "shell"}, "name: file\n", "given"),
        (None, {"COMPOSE_PROJECT_NAME": "shell"}, "name: file\n", "shell"),
        (None, {}, "name: File Name\n", "filename"),
        (None, {"WHO": "me"}, "name: of-${WHO}\n", "of-me"),
    ],
)
def test_the_name_of_a_project(project, name, environment, file, expected):
    loaded = project(
        file + "services: {a: {image: 'x:${COMPOSE_PROJECT_NAME}'}}\n", environment=environment, project_name=name
    )
    assert (loaded.name, loaded.services["a"].image) == (expected, f"x:{expected}")


def test_a_project_name_that_docker_refuses_is_refused(project):
    with pytest.raises(ComposeError, match="choose another one"):
        project(A, project_name="My Project")


def test_what_the_user_should_know_is_warned_of_once(project, tmp_path):
    loaded = project(
        """\
        version: "3"
        services:
          a:
            image: x$TAG
            depends_on: {b: {condition: service_started, required: false}}
          b: {image: x, profiles: [more]}
        """
    )
    file = tmp_path / "compose.yaml"
    assert loaded.warnings == (
        f"{file}:4: the variable TAG is not set; it is taken as empty",
        f"{file}:1: version is obsolete and changes nothing; leave it out",
        f"{file}:5: a starts without b, whose profile more is not active",
    )


def test_a_missing_env_file_of_a_service_that_is_not_active_is_no_error(project):
    text = A + "  b: {image: x, profiles: [more], env_file: missing.env}\n"
    assert set(project(text).services) == {"a"}
    with pytest.raises(ComposeError, match=r"missing\.env"):
        project(text, profiles=["more"])


def test_paths_keep_the_links_they_are_written_with(project, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    loaded = project(A + "    volumes: ['./link/data:/data']\n")
    assert loaded.services["a"].volumes[0].source == str(tmp_path / "link" / "data")


def test_an_included_file_takes_secrets_from_its_own_environment(project):
    loaded = project(
        "include: [in/other.yaml]\n",
        files={
            "in/other.yaml": "services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {environment: S}}\n",
            "in/.env": "S=inner\n",
        },
    )
    assert loaded.secrets["s"].read() == "inner"


def test_a_config_that_can_not_be_read_says_which(project):
    loaded = project(A + "configs: {c: {file: ./missing}, d: {environment: UNSET}}\n")
    with pytest.raises(ComposeError, match="missing, which a config or secret takes, can't be read"):
        loaded.configs["c"].read()
    with pytest.raises(ComposeError, match="the variable UNSET, which a config or secret takes, is not set"):
        loaded.configs["d"].read()


def test_extensions_are_kept(project):
    loaded = project("x-top: {a: [1]}\n" + A + "    x-own: 1\n    healthcheck: {test: a, x-deep: 2}\n")
    assert loaded.extensions == {"x-top": {"a": [1]}}
    assert loaded.services["a"].extensions == {"x-own": 1}
    assert loaded.services["a"].healthcheck.extensions == {"x-deep": 2}
