"""Names in programming languages for names of contracts. Pure."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z0-9]+", re.ASCII)


def camel(*names: str) -> str:
    """``order_placed`` → ``OrderPlaced``."""
    words = [word for name in names for word in _WORD.findall(name)]
    found = "".join(word[0].upper() + word[1:] for word in words)
    return found if found[:1].isalpha() else f"X{found}"


def lower_camel(name: str) -> str:
    """``order_id`` → ``orderId``."""
    found = camel(name)
    return found[0].lower() + found[1:]


def upper_snake(text: str) -> str:
    """``4k, high`` → ``X4K_HIGH``."""
    found = "_".join(_WORD.findall(text)).upper()
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
