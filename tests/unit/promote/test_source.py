"""What is desired: this machine's names become the target's, and what belongs together is found together."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from obsiverse.promote.checks.endpoints import difference
from obsiverse.promote.errors import PromoteError
from obsiverse.promote.export import export
from obsiverse.promote.kinds import all_kinds
from obsiverse.promote.kinds.amp_alertmanager import definition
from obsiverse.promote.naming import LONGEST, named
from obsiverse.promote.place import Place
from obsiverse.promote.prices import Prices
from obsiverse.promote.remote_write import sample
from obsiverse.promote.resource import Ref, Resource
from obsiverse.promote.session import ROOT, open_session
from obsiverse.promote.source import Source
from obsiverse.targets import TargetError, load_target
from obsiverse.targets.models import Promotion
from tests.unit.promote.memory import target


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(ROOT, target(), Place(load_target("local", {})), tmp_path)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("arn:aws:sns:us-east-1:000000000000:alerts", "arn:aws:sns:eu-west-1:222222222222:alerts"),
        ("arn:aws:iam::000000000000:role/mine", "arn:aws:iam::222222222222:role/mine"),
        ("arn:aws:sns:us-east-1:333333333333:alerts", "arn:aws:sns:us-east-1:333333333333:alerts"),
        ("s3://obsiverse-000000000000-us-east-1/captured/x", "s3://obsiverse-stage/captured/x"),
        ("s3://another/x", "s3://another/x"),
        ("000000000000.dkr.ecr.us-east-1.amazonaws.com/obsiverse/model:latest", "obsiverse/model"),
        ("000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1", "obsiverse/mine:1"),
        ("http://127.0.0.1:4318", "http://127.0.0.1:9"),
        ("clinical", "clinical"),
    ],
)
def test_this_machines_names_become_the_targets(source: Source, here: str, there: str):
    assert source.retargeted({"a": [{"b": here}]}) == {"a": [{"b": there}]}


def test_a_pattern_that_names_nothing_is_refused_and_one_with_a_star_may_match_none(source: Source):
    assert source.chosen(["clinical", "nlp"], ["cl*"]) == ["clinical"]
    assert source.chosen([], ["*"]) == []
    with pytest.raises(PromoteError, match="there is no clinicla"):
        source.chosen(["clinical"], ["clinicla"])


def test_alerts_are_routed_as_here_and_go_to_the_topic(source: Source):
    topic = "arn:aws:sns:eu-west-1:222222222222:obsiverse-alerts"
    yaml: Any = YAML(typ="safe", pure=True)
    document = yaml.load(definition(source, topic))
    config = yaml.load(document["alertmanager_config"])
    local = yaml.load(yaml.load(ROOT / "compose/alertmanager.yaml")["configs"]["alertmanager"]["content"])
    assert config["route"] == {**local["route"], "receiver": "sns"}
    assert config["inhibit_rules"] == local["inhibit_rules"]
    [receiver] = config["receivers"]
    assert receiver["sns_configs"][0]["topic_arn"] == topic
    assert receiver["sns_configs"][0]["sigv4"] == {"region": "eu-west-1"}
    assert "slack" not in json.dumps(config)


def test_log_groups_that_dashboards_name_are_made(source: Source):
    empty = source.target.model_copy(update={"promote": Promotion(endpoints=())})
    there = Source(source.root, empty, source.local, source.here)
    groups = {one.name for one in all_kinds()["log-group"].desired(there)}
    assert groups >= {"/obsiverse/otlp", "/obsiverse/services", "/aws/sagemaker/TrainingJobs"}


def test_every_kind_has_its_own_name_and_says_what_it_needs_to_be_allowed():
    kinds = all_kinds()
    assert len(kinds) >= 20
    assert all(":" in action for kind in kinds.values() for action in kind.actions)


@given(st.text(min_size=1, max_size=80), st.dictionaries(st.text(max_size=5), st.integers(), max_size=3))
def test_a_name_says_what_it_is_and_fits(name: str, properties: dict[str, Any]):
    assert len(named(name, properties)) <= LONGEST
    assert named(name, properties) == named(name, dict(reversed(properties.items())))
    assert named(name, properties) != named(name, {**properties, "another thing": 1})


def test_prices_are_those_of_the_cost_rules():
    prices = Prices.read(ROOT / "prometheus/rules/cost.yml")
    assert prices.instance("ml.m5.large") == 0.115
    assert prices.instance("ml.none.large") == 0
    assert prices.unknown == {"ml.none.large"}


def test_a_sample_is_written_as_remote_write_has_it():
    """Read back by hand: https://protobuf.dev/programming-guides/encoding/."""
    content = sample({"run": "x", "__name__": "probe"}, 1.5, 300)
    series = b"\x0a\x11\x0a\x08__name__\x12\x05probe" + b"\x0a\x08\x0a\x03run\x12\x01x"
    point = b"\x12\x0c\x09" + struct.pack("<d", 1.5) + b"\x10\xac\x02"
    message = b"\x0a" + bytes([len(series + point)]) + series + point
    assert content == bytes([len(message), 61 << 2]) + struct.pack("<H", len(message) - 1) + message


@pytest.mark.parametrize(
    ("here", "there", "apart"),
    [
        ({"p": [0.12345]}, {"p": [0.123451]}, ""),
        ({"p": [0.1]}, {"p": [0.2]}, "answer.p.0"),
        ({"p": 1}, {"p": 1.0}, ""),
        ({"p": 1}, {"p": True}, "answer.p"),
        ({"p": "a"}, {"p": "b"}, "answer.p"),
        ({"p": []}, {"p": [1]}, "answer.p"),
        ({"p": 1}, {"q": 1}, "answer"),
        ([1], {"p": 1}, "answer"),
    ],
)
def test_answers_are_compared_number_by_number(here: Any, there: Any, apart: str):
    found = difference(here, there)
    assert found.startswith(apart) and bool(found) == bool(apart)


def test_an_unknown_key_of_a_target_is_named(tmp_path: Path):
    file = tmp_path / "stage.yaml"
    file.write_text((ROOT / "targets/stage.yaml").read_text().replace("indexing_percent", "indexing_precent"))
    with pytest.raises(TargetError, match=r"promote\.indexing_precent"):
        load_target(file, {})


def test_a_target_that_takes_no_promotion_says_how_it_would(tmp_path: Path):
    file = tmp_path / "stage.yaml"
    stage = (ROOT / "targets/stage.yaml").read_text().partition("promote:")[0]
    file.write_text(stage + "workspaces: {amp: ws-1}\n")
    with pytest.raises(PromoteError, match="no promotion") as refused, open_session(file, {}, {}):
        pass
    assert "promote: {}" in refused.value.hint


def test_this_machine_is_no_target_of_its_own_promotion(tmp_path: Path):
    file = tmp_path / "stage.yaml"
    stage = (ROOT / "targets/stage.yaml").read_text()
    file.write_text(stage.replace("222222222222", "000000000000").replace("eu-west-1", "us-east-1"))
    with pytest.raises(PromoteError, match="own account"), open_session(file, {}, {}):
        pass


def test_the_policy_of_who_promotes_has_what_the_plans_kinds_call_and_no_wildcard_of_actions():
    kinds = all_kinds()
    document = json.loads(export({"sns-topic/a": Resource("sns-topic", "a", {})}, kinds, target(), "policy"))
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    assert set(kinds["sns-topic"].actions) <= actions
    assert not any("*" in action for action in actions)
    assert "sagemaker:CreateModel" not in actions


def test_an_export_has_references_that_a_writer_can_follow():
    resource = Resource("thing", "a", {"in": Ref("thing/b", "id", "s3://{}/x"), "token": "abc"})
    [shown] = json.loads(export({resource.key: resource}, {}, target(), "json"))["resources"]
    assert shown["properties"]["in"] == {"ref": "thing/b", "attribute": "id", "text": "s3://{}/x"}
    assert shown["needs"] == ["thing/b"]
    assert "abc" not in json.dumps(shown)


def test_an_export_to_what_nobody_writes_names_what_there_is():
    with pytest.raises(PromoteError) as refused:
        export({}, {}, target(), "pulumi")
    assert "json" in refused.value.hint
