"""The circuit breaker under many threads: it counts, it stops, it tries, and it never queues."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.errors import AuthUnavailableError, StoreUnavailableError
from api.limits.breaker import Breaker

FAILURES = 3
RETRY_SECONDS = 60.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def trial_is_due(self) -> None:
        self.now += RETRY_SECONDS


def breaker(clock: Clock | None = None) -> Breaker:
    return Breaker(
        "part",
        failures_to_open=FAILURES,
        retry_seconds=RETRY_SECONDS,
        clock=clock or Clock(),
    )


class Part:
    """A part that answers or does not, and counts how often it was asked."""

    def __init__(self) -> None:
        self.works = True
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if not self.works:
            raise AuthUnavailableError("it is down")
        return "answer"


def call(guard: Breaker, part: Part) -> str:
    try:
        return guard.call(part, AuthUnavailableError)
    except AuthUnavailableError as error:
        return str(error)


def test_lets_calls_through_and_hands_results_back() -> None:
    assert call(breaker(), Part()) == "answer"


def test_stops_asking_after_failures_in_a_row() -> None:
    guard, part = breaker(), Part()
    part.works = False
    said = [call(guard, part) for _ in range(FAILURES + 5)]
    assert said[:FAILURES] == ["it is down"] * FAILURES
    assert set(said[FAILURES:]) == {"part is not asked: it did not answer lately"}
    assert part.asked == FAILURES
    assert not guard.closed


def test_a_success_between_failures_starts_the_count_anew() -> None:
    guard, part = breaker(), Part()
    for _ in range(4):
        part.works = False
        for _ in range(FAILURES - 1):
            call(guard, part)
        part.works = True
        assert call(guard, part) == "answer"
    assert guard.closed


def test_closes_again_when_a_trial_succeeds() -> None:
    clock = Clock()
    guard, part = breaker(clock), Part()
    part.works = False
    for _ in range(FAILURES):
        call(guard, part)
    part.works = True
    clock.trial_is_due()
    assert call(guard, part) == "answer"
    assert guard.closed


def test_stays_open_when_the_trial_fails() -> None:
    clock = Clock()
    guard, part = breaker(clock), Part()
    part.works = False
    for _ in range(FAILURES):
        call(guard, part)
    clock.trial_is_due()
    assert call(guard, part) == "it is down"
    assert part.asked == FAILURES + 1
    assert not guard.closed


def test_refuses_with_the_error_of_the_caller() -> None:
    guard = breaker()

    def fail() -> None:
        raise StoreUnavailableError("down")

    for _ in range(FAILURES + 1):
        with pytest.raises(StoreUnavailableError):
            guard.call(fail, StoreUnavailableError)


def test_other_errors_pass_and_do_not_count() -> None:
    guard = breaker()

    def fail() -> None:
        raise ValueError("a defect")

    for _ in range(FAILURES + 2):
        with pytest.raises(ValueError, match="a defect"):
            guard.call(fail, AuthUnavailableError)
    assert guard.closed


def test_a_trial_that_is_answered_with_another_error_closes_it() -> None:
    now = [0.0]
    guard = Breaker("part", failures_to_open=1, retry_seconds=60, clock=lambda: now[0])
    part = Part()
    part.works = False
    assert call(guard, part) == "it is down"
    assert call(guard, part) == "part is not asked: it did not answer lately"
    now[0] += 60

    def refuse() -> None:
        raise ValueError("a bad token")

    with pytest.raises(ValueError, match="a bad token"):
        guard.call(refuse, AuthUnavailableError)
    assert guard.closed


def test_calls_run_side_by_side() -> None:
    """All of them are inside the guarded function at once, or the barrier would break."""
    guard = breaker()
    together = threading.Barrier(8, timeout=60)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(guard.call, together.wait, AuthUnavailableError) for _ in range(8)]
        assert sorted(each.result() for each in calls) == list(range(8))


def test_calls_that_fail_side_by_side_count_as_one() -> None:
    guard = breaker()

    def burst() -> None:
        together = threading.Barrier(2 * FAILURES, timeout=60)

        def fail() -> None:
            together.wait()
            raise AuthUnavailableError("too much at once")

        with ThreadPoolExecutor(2 * FAILURES) as threads:
            for _ in range(2 * FAILURES):
                threads.submit(guard.call, fail, AuthUnavailableError)

    for _ in range(FAILURES - 1):
        burst()
    assert guard.closed
    burst()
    assert not guard.closed


def test_while_one_trial_runs_nobody_waits_for_it() -> None:
    clock = Clock()
    guard, part = breaker(clock), Part()
    part.works = False
    for _ in range(FAILURES):
        call(guard, part)
    inside, finish = threading.Event(), threading.Event()

    def trial() -> str:
        inside.set()
        assert finish.wait(60)
        return "trial"

    clock.trial_is_due()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(guard.call, trial, AuthUnavailableError)
        assert inside.wait(60)
        assert call(guard, part) == "part is not asked: it did not answer lately"
        assert part.asked == FAILURES
        finish.set()
    assert guard.closed


def test_a_late_failure_changes_nothing_once_it_is_open() -> None:
    guard, part = breaker(), Part()
    inside, finish = threading.Event(), threading.Event()

    def slow() -> None:
        inside.set()
        assert finish.wait(60)
        raise AuthUnavailableError("late")

    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(guard.call, slow, AuthUnavailableError)
        assert inside.wait(60)
        part.works = False
        for _ in range(FAILURES):
            call(guard, part)
        finish.set()
        assert str(late.exception(5)) == "late"
    assert not guard.closed


def test_says_in_the_log_when_it_opens(caplog: pytest.LogCaptureFixture) -> None:
    guard, part = breaker(), Part()
    part.works = False
    with caplog.at_level(logging.WARNING):
        for _ in range(FAILURES + 2):
            call(guard, part)
    assert [record.getMessage() for record in caplog.records] == ["circuit breaker of part is open"]
