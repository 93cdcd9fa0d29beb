"""Which of our media types a caller accepts. Pure.

Source: RFC 9110, 12.5.1, and what callers send beside it: a bare ``*`` for ``*/*`` and a ``q=.2``
without its zero (Java's own client before version 12), and parameters, which no type here has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WEIGHT = re.compile(r"\s*q\s*=\s*([01]?(?:\.[0-9]{0,3})?)\s*", re.ASCII | re.IGNORECASE)


def accepted_type(accept: str, offered: Sequence[str]) -> str | None:
    """The one of ``offered`` that an ``Accept`` header likes most; the first of equals.

    A header that names nothing accepts everything.  None: nothing offered is accepted.
    """
    weights = dict(_weighted(piece) for piece in accept.split(",") if piece.split(";")[0].strip())
    if not weights:
        return offered[0]
    # Of equal weights the type that is named wins over one that a range covers.
    ranked = [(*_liked(each, weights), -place, each) for place, each in enumerate(offered)]
    weight, _, _, best = max(ranked)
    return best if weight > 0 else None


def _weighted(piece: str) -> tuple[str, float]:
    name, *parameters = piece.split(";")
    media_range = name.strip().lower()
    return "*/*" if media_range == "*" else media_range, _weight(parameters)


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        found = _WEIGHT.fullmatch(parameter)
        if found is not None and found[1].strip("."):
            return float(found[1])
    return 1.0


def _liked(media_type: str, weights: dict[str, float]) -> tuple[float, int]:
    """The weight of the closest range, and how close it is."""
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    return next(
        (
            (weights[each], near)
            for near, each in reversed(list(enumerate(ranges)))
            if each in weights
        ),
        (0.0, 0),
    )
