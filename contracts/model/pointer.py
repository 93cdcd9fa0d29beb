"""JSON pointers (RFC 6901), and what they lead to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote


class Nothing:
    """The type of :data:`NOTHING`."""


NOTHING: Final = Nothing()
"""What a pointer leads to that leads nowhere; ``None`` is a value of JSON."""


def escape(step: str | int) -> str:
    """One step as a pointer holds it: ``a/b`` → ``a~1b``."""
    return str(step).replace("~", "~0").replace("/", "~1")


def join(steps: Iterable[str | int]) -> str:
    """``("a", 0, "b/c")`` → ``/a/0/b~1c``; no step leads to the whole document: an empty text."""
    return "".join(f"/{escape(step)}" for step in steps)


def at_fragment(document: object, fragment: str) -> Any:
    """What a pointer in a URI's fragment leads to (RFC 6901, 6); :data:`NOTHING` if nowhere.

    Args:
        document: decoded JSON.
        fragment: without its ``#``: empty, or a slash before each step; percent-encoded.
    """
    target = document
    for part in fragment[1:].split("/") if fragment else ():
        step = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping) and step in target:
            target = target[step]
        elif isinstance(target, Sequence) and not isinstance(target, str) and _is_index(step):
            if int(step) >= len(target):
                return NOTHING
            target = target[int(step)]
        else:
            return NOTHING
    return target


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdecimal()
