"""When an event occurred by its client's own clock. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from contracts.model.context import CLOCK, OCCURRED_AT, PREFIX, SKEW, Clock

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


def occurred_ms(data: Mapping[str, Any]) -> int | None:
    """Unix milliseconds, out of an event's typed data; ``None`` where that is unknown.

    The difference of two such times of one client is right however wrong its clock is, so the
    correction is taken out again.
    """
    occurred = data.get(PREFIX + OCCURRED_AT)
    if occurred is None or data.get(PREFIX + CLOCK) == Clock.BOUNDED:
        return None
    skew_ms: int = data.get(PREFIX + SKEW) or 0
    return int((occurred - _EPOCH) // _MILLISECOND) - skew_ms
