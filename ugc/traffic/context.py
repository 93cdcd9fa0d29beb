"""What a visit's requests say beside their events: the context that the project has.

Who and by what stays the same through a visit; the moment and the place in it are each request's.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from contracts.errors import SampleError
from contracts.model.context import MEMBER, OCCURRED_AT, SENT_AT, Context
from contracts.model.validation import Validator
from contracts.samples.payloads import LIFELIKE, Sampler

_SEQUENCE = "sequence"
_MISSES = 3

Beside = dict[str, Any]
"""Members of a request beside ``event``, ``token`` and ``data``."""


class VisitContexts:
    """Makes the contexts of visits. ``now`` is the clients' clock, aware."""

    def __init__(self, context: Context, now: Callable[[], dt.datetime]) -> None:
        self._schema = context.schema
        self._accepts = Validator(self._schema).accepts
        self._lifelike = Sampler(self._schema, LIFELIKE)
        self._now = now

    def visit(self, rng: random.Random) -> Beside:
        """A context much like the contract's examples, with ids (``…_id``) of its own."""
        found: Beside = self._lifelike.valid(rng)
        for name in [name for name in found if name.endswith("_id")]:
            own = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            found = self._with(found, name, own)
        return found

    def request(self, visit: Beside, number: int, *, after_seconds: float = 0.0) -> Beside:
        """The members of the visit's request ``number``, which is sent so long from here."""
        moment = self._now() + dt.timedelta(seconds=after_seconds)
        text = moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found = visit
        for name, value in ((OCCURRED_AT, text), (_SEQUENCE, number)):
            found = self._with(found, name, value)
        return {MEMBER: found, SENT_AT: text}

    def wrong(self, rng: random.Random) -> Iterator[Beside]:
        """Contexts that break the contract in one place."""
        try:
            for miss in islice(self._lifelike.near_misses(rng), _MISSES):
                yield {MEMBER: miss.payload}
        except SampleError:
            return

    def _with(self, context: Beside, name: str, value: Any) -> Beside:
        """``context`` with the value, as far as the contract allows."""
        changed = {**context, name: value}
        return changed if self._accepts(changed) else context
