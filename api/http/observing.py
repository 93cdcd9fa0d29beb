"""What the live debugger is told of a request that has been answered.

The routes know no more of it than this: :mod:`api.debug` keeps it, where the debugger is on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from api.model import Outcome

HEADER = "X-UGC-Debug"
"""Its value is a tag, by which one test, or one person at work, finds its own events."""

_TAG = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(slots=True, kw_only=True)
class Observed:
    """One request and what became of its events.

    ``results`` pairs what each event became with its body, where that was read and is its own;
    ``sender`` is what figures call the application; ``seconds`` is how long the answer took.
    """

    tag: str | None
    sender: str | None
    route: str
    correlation_id: str
    results: Sequence[tuple[Outcome, bytes | None]]
    seconds: float
    origin: str | None = None
    sdk: str | None = None


class Observer(Protocol):
    """Is told of answers. It never raises, never waits, and may forget; threads may share it."""

    def wants(self, tag: str | None, sender: str | None) -> bool:
        """Whether :meth:`keep` would keep anything of such a request."""
        ...

    def keep(self, observed: Observed) -> None:
        """Takes note of a request."""
        ...


def tag_of(sent: str | None) -> str | None:
    """The tag in the header; ``None`` where there is none, or what is sent is no tag."""
    return sent if sent is not None and _TAG.fullmatch(sent) else None
