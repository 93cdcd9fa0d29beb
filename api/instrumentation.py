"""What the pipeline tells about its own work, so that somebody can count it. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """A part of the work on a request.

    ``wait`` is a request's wait for a thread; ``parse`` to ``encode`` are timed for each event, dry
    runs included, or for those of a batch together, as their mean; ``seen`` and ``publish`` once
    for each request.
    """

    WAIT = "wait"
    PARSE = "parse"
    VALIDATE = "validate"
    USER = "user"
    ENCODE = "encode"
    SEEN = "seen"
    PUBLISH = "publish"


class TokenSource(StrEnum):
    """Who is asked about a token, in this order."""

    MEMORY = "memory"
    CACHE = "cache"
    AUTH_SERVICE = "auth_service"
    LOCAL = "local"


class TokenResult(StrEnum):
    """What is heard. ``unknown`` is the cache's word for a token that it does not hold."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


class Instrumentation(Protocol):
    """Is told of work as it is done. It never raises and never waits; threads share it."""

    def took(self, stage: Stage, seconds: float) -> None:
        """A stage has ended, well or with a rejection."""
        ...

    def took_all(self, stages: Iterable[tuple[Stage, float]]) -> None:
        """Several stages have ended, each after so many seconds."""
        ...

    def took_each(self, stage: Stage, seconds: float, number: int) -> None:
        """A stage has ended for so many events together, each of which took as long."""
        ...

    def judged(self, judge: TokenSource, judgement: TokenResult) -> None:
        """Somebody was asked about a token."""
        ...


class NoInstrumentation:
    """Counts nothing."""

    def took(self, stage: Stage, seconds: float) -> None:
        return None

    def took_all(self, stages: Iterable[tuple[Stage, float]]) -> None:
        return None

    def took_each(self, stage: Stage, seconds: float, number: int) -> None:
        return None

    def judged(self, judge: TokenSource, judgement: TokenResult) -> None:
        return None


@contextmanager
def timed(instrumentation: Instrumentation, stage: Stage) -> Iterator[None]:
    """Tells how long the block took, however it ended."""
    began = time.perf_counter()
    try:
        yield
    finally:
        instrumentation.took(stage, time.perf_counter() - began)
