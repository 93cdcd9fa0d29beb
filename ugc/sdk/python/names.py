"""Names of Python for names of contracts. Pure."""

from __future__ import annotations

import keyword
import re

_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

_SHADOWED = frozenset({"str", "int", "float", "bool", "self", "print"})
"""Legal, and in the way of annotations or methods."""


def attribute(json_name: str, identifier: str) -> str:
    """A field's or method's name: the JSON name where Python has it, else the identifier."""
    name = json_name if _LEGAL.fullmatch(json_name) else identifier
    if name.startswith("_"):
        name = "x" + name
    if keyword.iskeyword(name) or name in _SHADOWED:
        return f"{name}_"
    return name
