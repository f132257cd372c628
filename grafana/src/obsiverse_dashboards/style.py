"""What values look like: units, colours with a meaning, and where they turn."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColor,
    FieldColorModeId,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

GOOD, WATCH, BAD, NEUTRAL = "green", "orange", "red", "blue"
MUTED = "text"
TYPICAL, SLOW, SLOWEST = "blue", "purple", "orange"
"""The 50th, 90th and 99th percentile, wherever they are drawn."""


class Unit:
    """Grafana's ids of units."""

    SECONDS = "s"
    MICROSECONDS = "µs"
    REQUESTS = "reqps"
    PER_SECOND = "cps"
    SHARE = "percentunit"
    PERCENT = "percent"
    BYTES = "bytes"
    MEBIBYTES = "mbytes"
    DOLLARS = "currencyUSD"
    COUNT = "short"
    NUMBER = "none"
    WATT = "watt"
    CELSIUS = "celsius"
    DATE = "dateTimeAsLocal"
    TEXT = "string"


def steps(first: str, *rest: tuple[float, str]) -> ThresholdsConfig:
    """Colours that begin at values; the first begins below all."""
    found = [Threshold(value=None, color=first), *(Threshold(value=value, color=color) for value, color in rest)]
    return ThresholdsConfig(mode=ThresholdsMode.ABSOLUTE, steps=found)


NONE = steps(NEUTRAL)
ERRORS = steps(GOOD, (0.01, WATCH), (0.05, BAD))
"""Of a share of failed requests; 5 % is where EndpointErrorRatioHigh begins."""
LATENCY = steps(GOOD, (0.25, WATCH), (0.5, BAD))
"""In seconds; half a second is where EndpointLatencyHigh begins."""
ZERO = steps(GOOD, (1, BAD))
"""Of what should be none."""
BUSY = steps(GOOD, (0.6, WATCH), (0.85, BAD))
"""Of a share of time or of a capacity in use."""


def fixed(color: str) -> FieldColor:
    """Always this colour."""
    return FieldColor(mode=FieldColorModeId.FIXED, fixed_color=color)


def by_thresholds() -> FieldColor:
    """The colour of the threshold that a value has passed."""
    return FieldColor(mode=FieldColorModeId.THRESHOLDS)


def in_turn() -> FieldColor:
    """A colour for each series, of Grafana's palette, in their order. By name two may have the same, and a lone one red."""
    return FieldColor(mode=FieldColorModeId.PALETTE_CLASSIC)


def words(meanings: Mapping[str, tuple[str, str]]) -> ValueMap:
    """Values as a word and its colour."""
    return ValueMap(
        options={
            value: ValueMappingResult(text=text, color=color, index=index)
            for index, (value, (text, color)) in enumerate(meanings.items())
        }
    )


HEALTH = words({"0": ("Healthy", GOOD), "1": ("Needs attention", WATCH), "2": ("In trouble", BAD)})
UP = words({"0": ("Down", BAD), "1": ("Up", GOOD)})
STATE = words({"0": ("Quiet", GOOD), "1": ("Pending", WATCH), "2": ("Firing", BAD)})


def prop(name: str, value: object) -> DynamicConfigValue:
    """One property of an override, as `custom.width`."""
    return DynamicConfigValue(id_val=name, value=value)
