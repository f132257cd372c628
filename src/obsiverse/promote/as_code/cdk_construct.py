"""A construct of the app, and what those who write one have at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from obsiverse.promote.as_code.cdk_python import Call, Expression, source
from obsiverse.promote.as_code.cdk_text import NotWritten, Texts, variable
from obsiverse.promote.redaction import HIDDEN, redacted
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets import Target

PLATFORM, MODELS = "platform", "models"
"""The two stacks: models need an image and artifacts, which are brought between the two."""
FREE = frozenset({"Environment", "Attributes"})
"""Members whose own members are anybody's words."""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass
class Construct:
    """One construct.

    Attributes:
        of: key of the resource that it is, or is a part of.
        function: the class.
        properties: keywords.
        stack: that it is in.
        name: of the variable; None for one that nothing refers to.
        part: where a resource is several, what this one is.
        constants: texts of several lines that come before it, by name.
        after: lines that come after it.
    """

    of: str
    function: str
    properties: Mapping[str, Any]
    stack: str = PLATFORM
    part: str = ""
    constants: Mapping[str, str] = field(default_factory=dict[str, str])
    after: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The name of its variable."""
        return variable(f"{self.of}/{self.part}")

    @property
    def identity(self) -> str:
        """Its id in the stack."""
        return "".join(part.capitalize() for part in self.variable.split("_"))

    def python(self) -> str:
        """Its lines."""
        call = Call(self.function, (Expression(self.stack), self.identity), self.properties)
        constants = [f"{name} = {source(text)}" for name, text in self.constants.items()]
        begun = f"{self.variable} = "
        return "\n".join([*constants, begun + source(call, begun=len(begun)), *self.after])


class Writing:
    """What is written, and what values become in it.

    Attributes:
        resources: all that the target should have, by key.
        parameters: for values that must not stand in the app: by the key of whose they are, the lines of each.
        said: what must be told of a resource that is there only in part, by key.
    """

    def __init__(self, resources: Mapping[str, Resource], target: Target, texts: Texts) -> None:
        self.resources = resources
        self.target = target
        self.texts = texts
        self.parameters: dict[str, dict[str, str]] = {}
        self.said: dict[str, str] = {}

    def value(self, value: Any, name: str = "") -> Any:
        """A document: the same members, with references and texts as CDK has them.

        Raises NotWritten for a reference to what is not here, and for what looks like a secret (by its name or shape).
        """
        if isinstance(value, Ref):
            return self.texts.reference(value)
        if isinstance(value, dict):
            return {key: self.value(one, key) for key, one in cast(dict[str, Any], value).items()}
        if isinstance(value, list | tuple):
            return [self.value(one, name) for one in cast(list[Any], value)]
        if not isinstance(value, str) or isinstance(value, Expression):
            return value
        if is_secret(value, name):
            raise NotWritten(f"what looks like a secret is in it ({name or 'a text'})")
        return self.texts.expression(value)

    def keywords(
        self, of: Resource, stack: str, scope: str, members: Mapping[str, Any], classes: Mapping[str, str]
    ) -> dict[str, Any]:
        """An API's members as keywords of a construct. What is secret becomes a parameter of the stack.

        Args:
            of: whose they are.
            stack: where a parameter would be.
            scope: the construct's class, which has those of its properties.
            members: as the API names them.
            classes: of members whose class is not called as they are, by their name or with that of what they are in.
        """

        def typed(name: str, inside: str, value: Any) -> Any:
            if isinstance(value, list):
                return [typed(name, inside, one) for one in cast(list[Any], value)]
            if not isinstance(value, dict):
                return self._hidden(of, stack, name, value)
            given = cast(dict[str, Any], value)
            if name in FREE:
                return {key: self._hidden(of, stack, key, one) for key, one in given.items()}
            called = classes.get(f"{inside}.{name}") or classes.get(name) or name
            kind = f"{scope}.{called}Property"
            return Call(kind, (), {snake(key): typed(key, name, one) for key, one in given.items()})

        return {snake(name): typed(name, "", value) for name, value in members.items()}

    def parameter(self, of: Resource, stack: str, name: str) -> Expression:
        """A parameter of the stack that stands for a value which the app must not have."""
        called = variable(f"{of.key}/{name}")
        call = Call(
            "cdk.CfnParameter",
            (Expression(stack), "".join(part.capitalize() for part in called.split("_"))),
            {"no_echo": True, "description": f"{name} of {of.key}"},
        )
        begun = f"{called} = "
        self.parameters.setdefault(of.key, {})[called] = begun + source(call, begun=len(begun))
        return Expression(f"{called}.value_as_string")

    def need(self, key: str) -> Resource:
        """Another resource. Raises NotWritten."""
        if key not in self.resources:
            raise NotWritten(f"it needs {key}, which is not here")
        return self.resources[key]

    def _hidden(self, of: Resource, stack: str, name: str, value: Any) -> Any:
        if isinstance(value, str) and not isinstance(value, Expression) and is_secret(value, name):
            return self.parameter(of, stack, name)
        return self.value(value, name)


def is_secret(value: str, name: str) -> bool:
    """Whether a text looks like a secret, by the name of its member or its shape."""
    return HIDDEN in str(redacted(value, name))


def snake(name: str) -> str:
    """A member's name as a keyword of Python: `HTTPMethod` is `http_method`."""
    return _WORD.sub("_", name).lower()
