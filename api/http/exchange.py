"""What one request is and became: written by the routes, read when its answer is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import g

from api.errors import Rejection
from api.model import Outcome
from contracts.model.applications import Application


@dataclass(slots=True)
class Exchange:
    """One request and its answer.

    ``started`` is on the clock of ``time.perf_counter``.  ``bodies`` are those of its events, in
    order, and ``outcomes`` what became of them; ``rejection`` is what the request as a whole was
    answered with, whatever became of its events.  ``sender`` is what figures call the application
    that sent them, and ``application`` that one, when it was let in.
    """

    correlation_id: str
    started: float
    bodies: Sequence[bytes | None] = ()
    outcomes: Sequence[Outcome] = field(default=())
    rejection: Rejection | None = None
    sender: str | None = None
    application: Application | None = None

    @property
    def results(self) -> Sequence[Outcome]:
        """What each event became; a request that was rejected as a whole counts as one."""
        return self.outcomes if self.rejection is None else (self.rejection,)

    @property
    def each(self) -> Sequence[tuple[Outcome, bytes | None]]:
        """The results, with the body of each where that was read and is its own."""
        results = self.results
        is_whole = len(self.bodies) == len(results)
        bodies = self.bodies if is_whole else [None] * len(results)
        return list(zip(results, bodies, strict=True))

    @property
    def rejected(self) -> Sequence[tuple[Rejection, bytes | None]]:
        """What was rejected, with its body where that was read and is its own."""
        return [(outcome, body) for outcome, body in self.each if isinstance(outcome, Rejection)]


def begin(exchange: Exchange) -> None:
    """Makes it the one of the request that this thread works on."""
    g.exchange = exchange


def current() -> Exchange:
    """That of the request that this thread works on."""
    found: Exchange = g.exchange
    return found
