"""What is done about workers that end, without a process and without a clock."""

from __future__ import annotations

import logging
import signal
from dataclasses import dataclass, field

import pytest

from ugc.errors import NoWorkerStartsError
from ugc.supervision import Supervisor, WorkerPolicy

POLICY = WorkerPolicy(
    first_pause_seconds=1,
    longest_pause_seconds=8,
    steady_seconds=60,
    hopeless_starts=3,
    stop_seconds=20,
    tell_again_seconds=3,
)


@dataclass(eq=False)
class Told:
    """A worker in memory: what it was told, and what the test makes of it."""

    number: int
    pid: int
    has_begun: bool = False
    exit_code: int | None = None
    signals: list[str] = field(default_factory=list)

    def terminate(self) -> None:
        self.signals.append("terminate")

    def kill(self) -> None:
        self.signals.append("kill")


class House:
    """Everything that a supervisor has started, in order."""

    def __init__(self, workers: int = 1) -> None:
        self.started: list[Told] = []
        self.ended: list[int] = []
        self.supervisor = Supervisor(workers, self._start, self.ended.append, POLICY)

    def _start(self, number: int) -> Told:
        self.started.append(Told(number, pid=100 + len(self.started)))
        return self.started[-1]

    def step(self, now: float) -> float | None:
        return self.supervisor.step(now)

    def serving(self, now: float) -> None:
        """All that run serve."""
        self.step(now)
        for each in self.supervisor.workers():
            each.has_begun = True
        self.step(now)

    def ends(self, code: int = -signal.SIGKILL) -> None:
        """The one that was started last ends."""
        self.started[-1].exit_code = code


def test_so_many_workers_are_started_and_then_nothing_is_due() -> None:
    house = House(3)
    assert house.step(0) is None
    assert [each.number for each in house.started] == [0, 1, 2]
    assert house.step(1000) is None
    assert house.supervisor.workers() == house.started


def test_a_worker_that_ends_is_started_again_at_once() -> None:
    house = House(2)
    house.serving(0)
    house.started[0].exit_code = -signal.SIGKILL
    assert house.step(5) is None
    assert [each.number for each in house.started] == [0, 1, 0]
    assert house.ended == [0]


def test_one_that_keeps_ending_waits_longer_and_longer_up_to_a_bound() -> None:
    house = House()
    house.serving(0)
    now, pauses = 0.0, []
    for _ in range(40):
        house.ends()
        pause = house.step(now) or 0.0
        pauses.append(pause)
        assert house.step(now + pause) is None, "it runs again when the pause is over"
        now += pause
    assert pauses == [0, 1, 2, 4, *[8] * 36]


def test_it_is_not_started_before_its_pause_is_over() -> None:
    house = House()
    house.serving(0)
    house.ends()
    house.step(0)
    house.ends()
    assert house.step(0) == 1
    assert house.step(0.75) == 0.25
    assert len(house.started) == 2
    assert house.step(1) is None
    assert len(house.started) == 3


def test_the_count_begins_anew_after_a_steady_life() -> None:
    house = House()
    house.serving(0)
    for _ in range(3):
        house.ends()
        house.step(house.step(10) or 10)
    house.serving(100)
    house.ends()
    assert house.step(160) is None, "at once"


def test_workers_that_end_together_are_all_started_again() -> None:
    house = House(3)
    house.serving(0)
    for each in house.started[:3]:
        each.exit_code = 1
    house.step(1)
    assert [each.number for each in house.started] == [0, 1, 2, 0, 1, 2]


def test_when_none_has_ever_served_it_is_given_up() -> None:
    house = House(2)
    house.step(0)
    for now in (0, 10):
        house.ends(1)
        house.step(now)
        house.step(now + 1)
    house.ends(1)
    with pytest.raises(NoWorkerStartsError, match=r"no worker can start.*exit code 1, 3 times"):
        house.step(20)


def test_when_another_one_has_served_it_is_never_given_up() -> None:
    house = House(2)
    house.step(0)
    house.started[0].has_begun = True
    for now in range(0, 1000, 10):
        house.ends(1)
        house.step(now)
        house.step(now + 8)
    assert house.started[-1].number == 1
    assert len(house.started) == 102


def test_one_that_served_and_whose_successors_cannot_start_is_never_given_up() -> None:
    house = House()
    house.serving(0)
    for now in range(0, 1000, 10):
        house.ends(1)
        house.step(now)
        house.step(now + 8)
    assert len(house.started) == 101


def test_what_ended_and_how_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.serving(0)
    house.ends(-signal.SIGKILL)
    with caplog.at_level(logging.ERROR, "ugc.supervision"):
        house.step(3)
        house.ends(7)
        house.step(4)
    assert caplog.messages == [
        "worker 1 (process 100) ended after 3.0 s: SIGKILL; it is started again in 0 s",
        "worker 1 (process 101) ended after 1.0 s: exit code 7; it is started again in 1 s",
    ]


def test_all_are_replaced_one_after_another_each_when_its_successor_serves() -> None:
    house = House(2)
    house.serving(0)
    house.supervisor.replace_all()
    house.step(1)
    first, second, heir = house.started
    house.step(5)
    assert (first.signals, len(house.started)) == ([], 3), "the heir does not serve yet"
    heir.has_begun = True
    assert house.step(6) == 3
    assert (first.signals, second.signals) == (["terminate"], [])
    first.exit_code = 0
    assert house.step(7) is None
    house.started[3].has_begun = True
    house.step(8)
    assert (house.started[3].number, second.signals) == (1, ["terminate"])
    second.exit_code = 0
    assert house.step(9) is None
    assert house.supervisor.workers() == house.started[2:]


def test_one_that_does_not_end_is_told_again_and_killed_in_the_end() -> None:
    house = House()
    house.serving(0)
    house.supervisor.replace_all()
    house.serving(1)
    assert house.step(2) == 2, "until it is told again"
    assert house.started[0].signals == ["terminate"]
    house.step(4)
    assert house.started[0].signals == ["terminate", "terminate"]
    house.step(21)
    house.step(22)
    assert house.started[0].signals == ["terminate", "terminate", "kill"]
    assert house.started[0] in house.supervisor.workers()
    house.started[0].exit_code = -signal.SIGKILL
    assert house.step(23) is None
    assert house.supervisor.workers() == house.started[1:]


def test_at_the_end_all_are_told_and_none_is_started() -> None:
    house = House(3)
    house.serving(0)
    house.started[0].exit_code = 1
    house.step(1)
    house.ends(1)
    assert house.step(1) == 1, "a pause, in which nothing may start when all are to end"
    house.supervisor.end_all(2)
    house.step(3)
    assert [each.signals for each in house.started] == [[], ["terminate"], ["terminate"], []]
    for each in house.started:
        each.exit_code = each.exit_code or 0
    assert house.step(4) is None
    assert house.supervisor.workers() == []
    assert len(house.started) == 4


def test_at_the_end_a_successor_is_told_too() -> None:
    house = House()
    house.serving(0)
    house.supervisor.replace_all()
    house.step(1)
    house.supervisor.end_all(2)
    house.step(2)
    assert [each.signals for each in house.started] == [["terminate"], ["terminate"]]


def test_a_successor_that_cannot_start_leaves_the_workers_where_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(2)
    house.serving(0)
    house.supervisor.replace_all()
    house.step(1)
    house.ends(1)
    assert house.step(2) is None
    assert house.supervisor.workers() == house.started[:2]
    assert [each.signals for each in house.started[:2]] == [[], []]
    assert "ended before it served: exit code 1" in caplog.text


def test_a_worker_that_ends_while_its_successor_starts_is_missed_by_nobody() -> None:
    house = House()
    house.serving(0)
    house.supervisor.replace_all()
    house.step(1)
    worker, heir = house.started
    worker.exit_code = -signal.SIGKILL
    house.step(2)
    heir.has_begun = True
    house.step(3)
    assert heir in house.supervisor.workers()
    assert house.started[2].signals == ["terminate"], "the one that was started in between"
