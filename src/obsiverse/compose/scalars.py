"""YAML's numbers and truth values as the text that Compose makes of them."""

from __future__ import annotations

import math
from decimal import Decimal


def text(value: bool | int | float | str) -> str:
    """A scalar as Compose turns it to text: 1.0 is `1`, 1e7 is `1e+07`, true is `true`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _float(value) if isinstance(value, float) else str(value)


def _float(value: float) -> str:
    # Compose prints floats with Go's %v: the fewest digits, an exponent below 1e-04 and from 1e+06.
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1 if value else 0
    if -4 <= power < 6:
        return f"{'-' if sign else ''}{Decimal((0, digits, exponent)):f}"
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{power:+03d}"
