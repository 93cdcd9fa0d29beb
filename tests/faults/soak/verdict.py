"""Holds a run against the demands. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.load import Sent
from tests.faults.proof import Proof

SHARE_ACCEPTED = 0.999
P99_MS = 100.0
RECOVERY_SECONDS = 60.0
_BOOKS = frozenset({"offset ranges", "balanced runs", "gaps", "missing rows"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """``met`` is decided by ``measured`` against ``limit``, both as printed."""

    name: str
    measured: str
    limit: str
    met: bool


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many are not above; NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def by_second(sent: Sequence[Sent], began_s: float) -> dict[int, list[Sent]]:
    """Events by the second in which they were due."""
    found: dict[int, list[Sent]] = defaultdict(list)
    for each in sent:
        found[int(each.due_s - began_s)].append(each)
    return dict(found)


def judge(
    sent: Sequence[Sent],
    planned: int,
    proof: Proof,
    quality: Mapping[str, Any],
    drained_seconds: float,
) -> list[Demand]:
    """Every demand.

    Args:
        sent: every event, and how it ended.
        planned: how many there should be.
        proof: what became of the acknowledged ones.
        quality: what ``ugc quality --json`` says.
        drained_seconds: from the end of the traffic until spools and Kafka were empty.
    """
    accepted = sum(each.acknowledged for each in sent) / max(1, planned)
    p99 = percentile([each.latency_ms for each in sent], 0.99)
    missed = sorted(
        {
            f"{finding['check']}: {finding['explanation']}"
            for finding in quality["findings"]
            if finding["check"] in _BOOKS and finding["met"] is False
        }
    )
    return [
        _demand("acknowledged events lost", len(proof.lost), 0),
        _demand("rows that are doubled", len(proof.doubled), 0),
        Demand(
            name="books balanced (ugc quality)",
            measured="; ".join(missed) or "yes",
            limit="yes",
            met=not missed,
        ),
        Demand(
            name="share of events accepted",
            measured=f"{accepted:.4%}",
            limit=f"{SHARE_ACCEPTED:.1%}",
            met=accepted >= SHARE_ACCEPTED,
        ),
        _demand("p99 from the moment due, ms", round(p99, 1), P99_MS),
        _demand("seconds until everything was loaded", round(drained_seconds, 1), RECOVERY_SECONDS),
    ]


def _demand(name: str, measured: float, limit: float) -> Demand:
    return Demand(name=name, measured=f"{measured:g}", limit=f"{limit:g}", met=measured <= limit)
