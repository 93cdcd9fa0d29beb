"""YAML as JSON has it: what only YAML can say is refused. Pure."""

from __future__ import annotations

import re
from typing import Any

import yaml

MOST_BYTES = 1024 * 1024
"""The reader takes some ten seconds for so much."""


class _Loader(yaml.SafeLoader):
    """Reads what JSON has: no dates, no ``yes`` for true, no references between nodes.

    A reference would be followed as often as it is there, which has no bound.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as the library declares it

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise ValueError(f"line {event.start_mark.line + 1}: an alias (*) is not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise ValueError(f"line {key_node.start_mark.line + 1}: a key is no text")
            if key_node.value in found:
                line = key_node.start_mark.line + 1
                raise ValueError(f"line {line}: the key {key_node.value!r} is there twice")
            found[key_node.value] = self.construct_object(value_node, deep=True)
        return found


_RESOLVED = (
    ("tag:yaml.org,2002:null", r"null|Null|NULL|~|", "nN~\0"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
)
for _tag, _form, _first in _RESOLVED:
    _firsts = [*_first.replace("\0", ""), *([""] if "\0" in _first else [])]
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_form})$"), _firsts)


def parse_yaml(text: str) -> Any:
    """The one document in a text.

    Raises:
        ValueError: it is no YAML, has more than one document, or what JSON has not.
        RecursionError: it is nested too deep.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
