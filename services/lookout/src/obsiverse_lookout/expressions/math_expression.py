"""Computes math expressions.

Where both sides have labels, values meet whose labels are equal or of which one's are part of the other's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from obsiverse_lookout.expressions.parser import Binary, Call, Constant, Node, Unary, Variable, parse
from obsiverse_lookout.expressions.values import ExpressionError, Number, Scalar, Series, Value, Values

MOST_PAIRS = 100_000


def compute(text: str, known: Mapping[str, Values]) -> list[Value]:
    """The values of an expression; raises ExpressionError.

    Args:
        known: other queries' results by refId.
    """
    return list(_value(parse(text), known))


def _value(node: Node, known: Mapping[str, Values]) -> Sequence[Value]:
    match node:
        case Constant():
            return [Scalar(node.value)]
        case Variable():
            if node.ref_id not in known:
                raise ExpressionError(f"there is no query ${node.ref_id}")
            return known[node.ref_id]
        case Unary():
            return [_map(value, _UNARY[node.operator]) for value in _value(node.operand, known)]
        case Call():
            if node.argument is None:
                return [Scalar(_CONSTANTS[node.function])]
            return [_map(value, _FUNCTIONS[node.function]) for value in _value(node.argument, known)]
        case Binary():
            return _joined(node.operator, _value(node.left, known), _value(node.right, known))


def _map(value: Value, apply: Callable[[Number], Number]) -> Value:
    if isinstance(value, Scalar):
        return Scalar(apply(value.value), value.labels)
    return Series(value.times, [apply(each) for each in value.values], value.labels)


def _joined(operator: str, left: Values, right: Values) -> list[Value]:
    if len(left) * len(right) > MOST_PAIRS:
        raise ExpressionError(f"{len(left)} × {len(right)} series are too many to compute with; aggregate them first")
    # A single value on either side meets each on the other, if its labels allow or the other has none of them.
    lone = len(left) == 1 and len(right) == 1
    made: list[Value] = []
    for one in left:
        for other in right:
            first, second = one.labels.items(), other.labels.items()
            if lone or first <= second or second <= first:
                labels = one.labels if len(first) >= len(second) else other.labels
                made.append(_pair(operator, one, other, labels))
    return made


def _pair(operator: str, left: Value, right: Value, labels: Mapping[str, str]) -> Value:
    apply = _BINARY[operator]
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return Scalar(apply(left.value, right.value), labels)
    if isinstance(left, Series) and isinstance(right, Series):
        others = dict(zip(right.times, right.values, strict=True))
        met = [
            (at, apply(value, others[at])) for at, value in zip(left.times, left.values, strict=True) if at in others
        ]
        return Series([at for at, _ in met], [value for _, value in met], labels)
    if isinstance(left, Series):
        number = right.value if isinstance(right, Scalar) else None
        return Series(left.times, [apply(value, number) for value in left.values], labels)
    assert isinstance(right, Series)
    return Series(right.times, [apply(left.value, value) for value in right.values], labels)


def _known(apply: Callable[[float, float], float]) -> Callable[[Number, Number], Number]:
    def computed(left: Number, right: Number) -> Number:
        if left is None or right is None:
            return None
        try:
            return float(apply(left, right))
        except (OverflowError, ValueError):
            return math.nan

    return computed


def _divided(left: float, right: float) -> float:
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _remainder(left: float, right: float) -> float:
    return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)


def _power(left: float, right: float) -> float:
    return math.nan if left == 0 and right < 0 else math.pow(left, right)


_BINARY: dict[str, Callable[[Number, Number], Number]] = {
    "+": _known(lambda left, right: left + right),
    "-": _known(lambda left, right: left - right),
    "*": _known(lambda left, right: left * right),
    "/": _known(_divided),
    "%": _known(_remainder),
    "**": _known(_power),
    "==": _known(lambda left, right: left == right),
    "!=": _known(lambda left, right: left != right),
    "<": _known(lambda left, right: left < right),
    "<=": _known(lambda left, right: left <= right),
    ">": _known(lambda left, right: left > right),
    ">=": _known(lambda left, right: left >= right),
    "&&": _known(lambda left, right: left != 0 and right != 0),
    "||": _known(lambda left, right: left != 0 or right != 0),
}
_UNARY: dict[str, Callable[[Number], Number]] = {
    "-": lambda value: None if value is None else -value,
    "!": lambda value: None if value is None else float(value == 0),
}
_CONSTANTS: dict[str, Number] = {"inf": math.inf, "infn": -math.inf, "nan": math.nan, "null": None}


def _finite(apply: Callable[[float], float]) -> Callable[[Number], Number]:
    return lambda value: value if value is None or not math.isfinite(value) else float(apply(value))


def _log(value: Number) -> Number:
    if value is None or math.isnan(value) or value < 0:
        return None if value is None else math.nan
    return -math.inf if value == 0 else math.log(value)


_FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "abs": lambda value: None if value is None else abs(value),
    "ceil": _finite(math.ceil),
    "floor": _finite(math.floor),
    # Halves go away from zero, not to the even neighbour.
    "round": _finite(lambda value: math.copysign(math.floor(abs(value) + 0.5), value)),
    "log": _log,
    "is_nan": lambda value: float(value is not None and math.isnan(value)),
    "is_inf": lambda value: float(value is not None and math.isinf(value)),
    "is_null": lambda value: float(value is None),
    "is_number": lambda value: float(value is not None and math.isfinite(value)),
}
