"""What metric math expressions come to."""

from __future__ import annotations

from collections.abc import Callable

from obsiverse_aws.cloudwatch.expression import Array, Call, Constant, ExpressionError, Name, Node, parts
from obsiverse_aws.cloudwatch.series import FUNCTIONS, Series, Value

Search = Callable[[list[Value]], list[Series]]


def evaluate(node: Node, look_up: Callable[[str], Value], metrics: dict[str, Series], search: Search) -> Value:
    """The value of an expression.

    Args:
        look_up: the value of the query with an id.
        metrics: the request's metrics by id, which METRICS() means.
        search: the series that SEARCH with these arguments finds.

    Raises ExpressionError.
    """
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Name):
        return look_up(node.id)
    if isinstance(node, Array):
        return _array([evaluate(item, look_up, metrics, search) for item in node.items])
    arguments = [evaluate(argument, look_up, metrics, search) for argument in node.arguments]
    if node.function == "METRICS":
        return _metrics(metrics, arguments)
    if node.function == "SEARCH":
        return search(arguments)
    if arguments[:1] == [[]] and searches(node):
        # Of nothing that was found there is nothing to compute, which is no mistake of the expression's.
        return []
    fewest, most, function = function_of(node)
    if not fewest <= len(arguments) <= most:
        raise ExpressionError(f"Wrong number of arguments for '{node.function}'")
    try:
        return function(*arguments)
    except TypeError:
        raise ExpressionError(f"Unsupported operand type(s) for '{node.function}'") from None


def searches(node: Node) -> bool:
    """Whether there is a SEARCH in an expression."""
    return any(isinstance(part, Call) and part.function == "SEARCH" for part in parts(node))


def function_of(call: Call) -> tuple[int, int, Callable[..., Value]]:
    """The fewest and most arguments of a function, and itself.

    Raises ExpressionError where there is none of this name.
    """
    if call.function not in FUNCTIONS:
        raise ExpressionError(f"Unsupported function '{call.function}'")
    return FUNCTIONS[call.function]


def _array(items: list[Value]) -> list[Series]:
    series: list[Series] = []
    for item in items:
        if isinstance(item, list):
            series += item
        elif isinstance(item, Series):
            series.append(item)
        else:
            raise ExpressionError("An array holds time series only")
    return series


def _metrics(metrics: dict[str, Series], arguments: list[Value]) -> list[Series]:
    part = arguments[0] if arguments else ""
    if len(arguments) > 1 or not isinstance(part, str):
        raise ExpressionError("METRICS takes nothing, or a text that the metrics' ids contain")
    return [series for id_, series in metrics.items() if part in id_]
