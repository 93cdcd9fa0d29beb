"""The soak's schedule and its verdict, without a stack."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.faults.load import Sent
from tests.faults.proof import Proof
from tests.faults.soak.schedule import CALM_SECONDS, LAST_SECONDS, plan_faults
from tests.faults.soak.verdict import judge

NAMES = ["a", "b", "c"]
WELL = Proof(acknowledged=1, arrived=1, lost=(), doubled=())


def sent(status: int = 202, latency_ms: float = 10.0) -> Sent:
    return Sent(
        due_s=0.0,
        latency_ms=latency_ms,
        status=status,
        first_status=status,
        attempts=1,
        event="element_click",
        event_id="x",
        user_id="anonymous",
        view=None,
    )


def missed(
    events: list[Sent], proof: Proof = WELL, met: bool | None = True, drained: float = 1.0
) -> list[str]:
    finding: dict[str, Any] = {"check": "balanced runs", "explanation": "…", "met": met}
    demands = judge(events, len(events), proof, {"findings": [finding]}, drained)
    return [demand.name for demand in demands if not demand.met]


def test_a_seed_gives_the_same_faults_and_every_kind_once_before_any_again() -> None:
    planned = plan_faults(NAMES, 300, 7)
    assert planned == plan_faults(NAMES, 300, 7) != plan_faults(NAMES, 300, 8)
    assert sorted(each.name for each in planned[:3]) == NAMES
    assert planned[0].from_seconds >= CALM_SECONDS
    assert planned[-1].to_seconds <= 300 - LAST_SECONDS
    for before, after in itertools.pairwise(planned):
        assert before.to_seconds < after.from_seconds


def test_a_run_that_is_too_short_has_no_faults() -> None:
    assert plan_faults(NAMES, 30, 1) == []


def test_all_demands_are_met() -> None:
    assert missed([sent()] * 1_000) == []


@pytest.mark.parametrize(
    ("events", "changes", "name"),
    [
        ([sent()], {"proof": Proof(acknowledged=1, arrived=0, lost=("x",), doubled=())}, "lost"),
        ([sent()], {"proof": Proof(acknowledged=1, arrived=1, lost=(), doubled=("x",))}, "doubled"),
        ([sent()], {"met": False}, "books"),
        ([sent()] * 500 + [sent(503)], {}, "accepted"),
        ([sent()] * 98 + [sent(latency_ms=500)] * 2, {}, "p99"),
        ([sent()], {"drained": 61.0}, "loaded"),
    ],
)
def test_each_demand_can_be_missed(events: list[Sent], changes: dict[str, Any], name: str) -> None:
    (found,) = missed(events, **changes)
    assert name in found
