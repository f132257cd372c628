"""What an Alertmanager definition may hold, and what a local Alertmanager is given for it.

https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import yaml

from obsiverse_aws.amp.checks import MAIN, Invalid

REPEAT_INTERVAL_MAX = 5 * 86400.0  # seconds
TOP = {"alertmanager_config", "template_files"}
CONFIG = {"global", "inhibit_rules", "mute_time_intervals", "receivers", "route", "templates", "time_intervals"}
SENDERS = {"sns_configs", "pagerduty_configs"}
KEYS = ("routing_key", "service_key")
_FILE = re.compile(r"[0-9A-Za-z][-.0-9A-Z_a-z]*", re.ASCII)
# The names of FIFO topics end in `.fifo`.
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}", re.ASCII)
_DURATION = re.compile(r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?", re.ASCII)
_UNIT = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

Members = dict[str, Any]
Secret = Callable[[str, str | None], str]
"""The value of a secret, by its ARN and a key in its JSON; raises Invalid."""


def render(document: str, account: str, sns_url: str, secret: Secret) -> dict[str, str]:
    """The files of a local Alertmanager, by name, of which MAIN is the configuration.

    Args:
        account: in whose name it publishes.
        sns_url: of the edge.

    Raises:
        Invalid: AWS would not take the document.
    """
    top = _mapping(_load(document, "the definition"), "the definition")
    if unknown := sorted(set(top) - TOP):
        raise Invalid(f"unknown field {unknown[0]}: a definition has alertmanager_config and template_files")
    if not isinstance(top.get("alertmanager_config"), str):
        raise Invalid("alertmanager_config is required, and must be a string of YAML")
    config = _mapping(_load(top["alertmanager_config"], "alertmanager_config"), "alertmanager_config")
    if unknown := sorted(set(config) - CONFIG):
        raise Invalid(f"alertmanager_config: {unknown[0]} is not supported")
    templates = _templates(top.get("template_files"))
    _check_global(config.get("global"))
    _check_route(config.get("route"))
    for receiver in _list(config.get("receivers"), "receivers"):
        _use_receiver(_mapping(receiver, "a receiver"), account, sns_url, secret)
    for used in _list(config.get("templates"), "templates"):
        if used not in templates:
            raise Invalid(f"templates: {used} is not in template_files")
    return {**templates, MAIN: yaml.safe_dump(config, sort_keys=False)}


def _templates(files: Any) -> dict[str, str]:
    found = _mapping(files or {}, "template_files")
    for name, content in found.items():
        if not _FILE.fullmatch(name) or name == MAIN or not isinstance(content, str):
            raise Invalid(f"template_files: {name} must be a plain name with a template as its text")
    return found


def _check_global(given: Any) -> None:
    for name in _mapping(given or {}, "global"):
        if name != "resolve_timeout":
            raise Invalid(f"global: {name} is not supported")


def _check_route(given: Any) -> None:
    route = _mapping(given, "route")
    interval = route.get("repeat_interval")
    if interval is not None and _seconds(interval) > REPEAT_INTERVAL_MAX:
        raise Invalid(f"repeat_interval {interval} is longer than 5 days")
    for inner in _list(route.get("routes"), "routes"):
        _check_route(inner)


def _use_receiver(receiver: Members, account: str, sns_url: str, secret: Secret) -> None:
    name = receiver.get("name")
    for sender in receiver.keys() - {"name"}:
        if sender not in SENDERS:
            raise Invalid(f"receiver {name}: {sender} is not supported; only sns_configs and pagerduty_configs are")
    for one in _list(receiver.get("sns_configs"), "sns_configs"):
        _use_sns(_mapping(one, "sns_configs"), str(name), account, sns_url)
    for one in _list(receiver.get("pagerduty_configs"), "pagerduty_configs"):
        _use_pagerduty(_mapping(one, "pagerduty_configs"), str(name), secret)


def _use_sns(sns: Members, receiver: str, account: str, url: str) -> None:
    for refused in ("api_url", "http_config", "phone_number", "target_arn"):
        if refused in sns:
            raise Invalid(f"receiver {receiver}: sns_configs: {refused} is not supported")
    signing = _mapping(sns.get("sigv4") or {}, "sigv4")
    if not isinstance(signing.get("region"), str):
        raise Invalid(f"receiver {receiver}: sns_configs: sigv4.region is required")
    for refused in sorted(signing.keys() - {"region", "role_arn"}):
        raise Invalid(f"receiver {receiver}: sns_configs: sigv4.{refused} is not supported")
    topic = _TOPIC.fullmatch(str(sns.get("topic_arn")))
    if topic is None:
        raise Invalid(f"receiver {receiver}: sns_configs: topic_arn must be the ARN of a standard topic")
    # A role would be assumed at AWS itself; an account's own key may publish as well.
    sns["sigv4"] = {"region": signing["region"], "access_key": account, "secret_key": "test"}
    sns["api_url"] = url


def _use_pagerduty(pagerduty: Members, receiver: str, secret: Secret) -> None:
    where = f"receiver {receiver}: pagerduty_configs"
    for refused in ("http_config", "url", "routing_key_file", "service_key_file"):
        if refused in pagerduty:
            raise Invalid(f"{where}: {refused} is not supported")
    given = [name for name in KEYS if name in pagerduty]
    if len(given) != 1:
        raise Invalid(f"{where}: one of routing_key and service_key is required")
    key = pagerduty[given[0]]
    source = key.get("aws_secrets_manager") if isinstance(key, dict) else None
    if not isinstance(source, dict) or not isinstance(source.get("secret_arn"), str):
        raise Invalid(f"{where}: {given[0]} must be a secret: aws_secrets_manager with secret_arn")
    pagerduty[given[0]] = secret(source["secret_arn"], source.get("secret_key"))


def _seconds(duration: Any) -> float:
    text = str(duration)
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise Invalid(f"{text} is not a duration")
    return sum(_parts(match))


def _parts(match: re.Match[str]) -> Iterator[float]:
    for part in filter(None, match.groups()):
        number = part.rstrip("ywdhms")
        yield int(number) * _UNIT[part[len(number) :]]


def _load(text: str, what: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise Invalid(f"{what} is not YAML: {error}") from error


def _mapping(value: Any, what: str) -> Members:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Invalid(f"{what} must be a mapping")
    return cast("Members", value)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list | None):
        raise Invalid(f"{what} must be a list")
    return value or []
