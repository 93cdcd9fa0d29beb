"""What the debugger costs an event on the fast way: off, on and not asked for, recording all.

::

    python -m bench.debugger [--rounds 9] [--events 2000]

One thread, everything in memory. Prints µs of processor time for each event, the median of several
rounds in which all cases take turns, and the ratio to the baseline: the same with the debugger off.
That case is there twice, so that the noise is seen. What the recorder's thread does for an event is
a case of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from api import paths
from api.config import ApiConfig
from api.debug.recorder import EVERY
from api.http.express import Express
from tests.api.debug.world import DebugWorld
from tests.api.http.rsgi_request import Request
from tests.api.world import CLICK, ENV

BASELINE = "off"

_BODY = orjson.dumps(CLICK)
_HEADERS = {"content-type": "application/json", "content-length": str(len(_BODY))}


@dataclass
class Case:
    """One way; ``run`` gives seconds of processor for so many events."""

    name: str
    run: Callable[[int], float]


def _answering(world: DebugWorld, *, is_on: bool, tag: str | None = None) -> Callable[[int], float]:
    headers = {**_HEADERS, **({} if tag is None else {"x-ugc-debug": tag})}
    express = Express(
        world.pipeline,
        world.seen,
        counts=world.metrics,
        cors=ApiConfig.from_env(ENV).cors,
        make_id=world.make_id,
        observer=world.recorder if is_on else None,
    )
    request = Request(_BODY, path=paths.EVENTS, query_string="", headers=headers.items())

    async def answered(events: int) -> float:
        began = time.thread_time()
        for _ in range(events):
            expected = express.expected(request)
            assert expected is not None
            await express.run(expected, _BODY, 0.0)
        return time.thread_time() - began

    def run(events: int) -> float:
        took = asyncio.run(answered(events))
        _drain(world)
        return took

    return run


def _drain(world: DebugWorld) -> None:
    world.publisher.published.clear()
    before = -1
    while before != (before := int(world.store.newest().partition("-")[0])):
        world.recorder.work()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--events", type=int, default=2_000)
    options = parser.parse_args()

    def world(*applications: str) -> DebugWorld:
        return DebugWorld(applications=applications, waiting=options.events + 1)

    cases = [
        Case(BASELINE, _answering(world(), is_on=False)),
        Case("off, once more", _answering(world(), is_on=False)),
        Case("on, event without a tag", _answering(world(), is_on=True)),
        Case("on, event with a tag", _answering(world(), is_on=True, tag="mine")),
        Case("on, every event", _answering(world(EVERY), is_on=True)),
    ]
    took: dict[str, list[float]] = {case.name: [] for case in cases}
    for number in range(options.rounds + 1):
        for case in cases:
            seconds = case.run(options.events)
            if number:  # the first round fills caches
                took[case.name].append(seconds / options.events * 1e6)
    baseline = statistics.median(took[BASELINE])
    for name, found in took.items():
        median = statistics.median(found)
        print(f"{name:<26} {median:7.1f} µs  {median / baseline:5.2f} of {BASELINE}")
    print(f"{'recorder thread, an event':<26} {_thread_share(options.events):7.1f} µs")


def _thread_share(events: int) -> float:
    """What masking, rendering and keeping (in memory) of an event take, in µs of processor."""
    world = DebugWorld(waiting=events + 1)
    express = Express(
        world.pipeline,
        world.seen,
        counts=world.metrics,
        cors=ApiConfig.from_env(ENV).cors,
        make_id=world.make_id,
        observer=world.recorder,
    )
    request = Request(_BODY, path=paths.EVENTS, query_string="", headers=_HEADERS.items())

    async def answered() -> None:
        for _ in range(events):
            expected = express.expected(request)
            assert expected is not None
            await express.run(expected, _BODY, 0.0)

    asyncio.run(answered())
    began = time.thread_time()
    _drain(world)
    return (time.thread_time() - began) / events * 1e6


if __name__ == "__main__":
    main()
