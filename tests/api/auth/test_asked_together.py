"""One answer for all who ask the same at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.auth.single_flight import SingleFlight
from tests.support.processes import wait_until

TOGETHER = 8


def fails() -> str:
    raise ValueError("no answer")


def gives() -> str:
    return "an answer"


@pytest.mark.parametrize("answer", [gives, fails])
def test_of_many_at_the_same_time_one_asks_for_all(answer: Callable[[], str]) -> None:
    asked_together: SingleFlight[str] = SingleFlight()
    release, asked = threading.Event(), []

    def slow() -> str:
        asked.append(1)
        release.wait(60)
        return answer()

    with ThreadPoolExecutor(TOGETHER) as pool:
        calls = [pool.submit(asked_together.ask, "q", slow) for _ in range(TOGETHER)]
        wait_until(lambda: asked_together.waiting == TOGETHER - 1, "all others wait for the first")
        release.set()
        found = {repr(call.exception(60) or call.result()) for call in calls}
    assert len(asked) == 1
    assert found == {repr("an answer") if answer is gives else repr(ValueError("no answer"))}
    assert asked_together.waiting == 0


def test_nothing_is_left_open_for_whoever_asks_next() -> None:
    asked_together: SingleFlight[str] = SingleFlight()
    with pytest.raises(ValueError, match="no answer"):
        asked_together.ask("q", fails)
    assert asked_together.ask("q", gives) == "an answer"


def test_other_questions_do_not_wait() -> None:
    asked_together: SingleFlight[str] = SingleFlight()
    assert asked_together.ask("q", lambda: asked_together.ask("other", gives)) == "an answer"
