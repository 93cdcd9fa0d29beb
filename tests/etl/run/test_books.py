"""The totals reconcile: in every run, and over any sum of runs."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.run.report import EventCounts, PairCounts, RunReport
from etl.sessions.store import SessionTotals, Side
from tests.etl.world import CLICK, END, HOUR, NOON, START, World

VIEWS = st.builds(uuid.UUID, int=st.integers(0, 4))
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["start", "end", "click"]), VIEWS),
    st.tuples(st.just("poison"), st.sampled_from([START, END, CLICK, "?"])),
    st.tuples(st.just("pass"), st.sampled_from([1.0, 1000.0, 6 * HOUR, 13 * HOUR])),
    st.tuples(st.sampled_from(["run", "run", "read_again"]), st.none()),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=40))
def test_every_message_and_every_half_is_accounted_for(actions: list[tuple[str, Any]]) -> None:
    world = World()
    reports: list[RunReport] = []
    started: set[uuid.UUID] = set()
    sent = read_again = 0
    for action, value in [*actions, ("run", None)]:
        match action:
            case "start":
                world.start(value, page_type=str(value.int))
                started.add(value)
            case "end":
                world.end(value)
            case "click":
                world.click(event_id=value)
            case "poison":
                world.topic.append(0, value.encode(), b"")
            case "pass":
                world.clock.pass_seconds(value)
            case "run":
                reports.append(world.run())
            case "read_again":
                read_again += sum(offset for offset, _ in world.topic.committed.values())
                world.topic.committed.clear()
        sent += action in ("start", "end", "click", "poison")
    assert sum(report.consumed for report in reports) == sent + read_again
    for report in reports:
        assert_the_store_agrees([report])
    assert_the_store_agrees(reports)
    assert_the_tables_agree(world, started)


def assert_the_store_agrees(reports: list[RunReport]) -> None:
    """What the runs say they did is what changed in the store between the first and the last."""
    counts = [report.pairs["page_view"] for report in reports]
    before, after = counts[0].before, counts[-1].after
    told = {
        "taken": sum(events.taken for report in reports for events in report.events.values()),
        **{
            name: sum(getattr(each, name) for each in counts)
            for name in ("paired", "late", "unpaired", "orphan_ends")
        },
    }
    assert told == {name: getattr(after, name) - getattr(before, name) for name in told}
    settled = 2 * told["paired"] - told["late"] + told["unpaired"] + told["orphan_ends"]
    assert told["taken"] == settled + after.waiting - before.waiting


def assert_the_tables_agree(world: World, started: set[uuid.UUID]) -> None:
    """Every view with a start is one row, or waits."""
    rows = [uuid.UUID(int=int(row["page_type"])) for row in world.rows("page_view")]
    assert len(rows) == len(set(rows))
    waiting = world.memory_store.truth.due["pv", Side.START]
    assert started == {*rows, *(uuid.UUID(view[3:39]) for view in waiting)}


def test_a_message_that_is_not_accounted_for_shows() -> None:
    assert EventCounts(consumed=15, loaded=1, taken=2, replayed=3, duplicates=4, dead=5).reconciled
    assert not EventCounts(consumed=15, loaded=1, taken=2, replayed=3, duplicates=4).reconciled


@pytest.mark.parametrize("name", SessionTotals.__dataclass_fields__)
def test_a_half_that_is_not_accounted_for_shows(name: str) -> None:
    good = dict(zip(SessionTotals.__dataclass_fields__, (16, 3, 1, 4, 2, 3, 2), strict=True))
    assert SessionTotals(**good).reconciled
    bad = SessionTotals(**{**good, name: good[name] + 1})
    assert not bad.reconciled
    assert not PairCounts(after=bad).reconciled
    assert not PairCounts(before=bad).reconciled


def test_one_book_that_does_not_balance_is_enough() -> None:
    def report(consumed: int, taken: int) -> RunReport:
        return RunReport(
            started_at=NOON,
            seconds=1.0,
            finished=True,
            events={CLICK: EventCounts(consumed=consumed, loaded=1), END: EventCounts()},
            pairs={"page_view": PairCounts(after=SessionTotals(taken=taken))},
            offsets={},
            swept_to=None,
        )

    assert report(1, 0).reconciled
    assert not report(2, 0).reconciled
    assert not report(1, 1).reconciled
    assert report(2, 0).as_dict()["balanced"] is False
