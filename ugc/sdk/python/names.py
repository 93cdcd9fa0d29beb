"""Names of Python for names of contracts. Pure."""

from __future__ import annotations

import keyword
import re

_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9]+", re.ASCII)

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


def camel(*names: str) -> str:
    """``element_click`` → ``ElementClick``."""
    words = [word for name in names for word in _WORD.findall(name)]
    found = "".join(word[0].upper() + word[1:] for word in words)
    return found if found[:1].isalpha() else f"X{found}"


class Names:
    """Names of one scope; one that is taken gets underscores."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """``wanted``, or much like it."""
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted
