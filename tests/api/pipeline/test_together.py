"""A batch, each step for all events at once: for each the same as alone, whatever is beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Rejection, too_large
from api.instrumentation import NoInstrumentation, Stage
from api.model import Outcome
from api.pipeline.together import through
from tests.api.world import CLICK, World, with_event

WIDE = with_event("wide", {"n": {"type": "integer", "description": "A number."}})
TOO_LARGE = 2**63
"""Valid JSON, and valid by its contract; Avro's long does not hold it."""

BODIES: Mapping[str, bytes] = {
    "a click": json.dumps(CLICK).encode(),
    "with an id": json.dumps(
        {**CLICK, "event_id": "0190163d-8694-739b-aea5-966c26f8ad91"}
    ).encode(),
    "with a bad token": json.dumps({**CLICK, "token": "bad"}).encode(),
    "of an unknown event": json.dumps({**CLICK, "event": "nothing"}).encode(),
    "with bad data": json.dumps({"event": "wide", "token": None, "data": {"n": "x"}}).encode(),
    "beyond a long": json.dumps(
        {"event": "wide", "token": None, "data": {"n": TOO_LARGE}}
    ).encode(),
    "null": b"null",
    "no JSON": b"{",
    "a key twice": b'{"event": "wide", "event": "wide"}',
    "too long": b" " * 70_000 + b"{}",
}


def told(outcome: Outcome) -> tuple[object, ...]:
    if isinstance(outcome, Rejection):
        facts = (outcome.reason, outcome.detail, outcome.violations, outcome.event)
        return (*facts, outcome.version, outcome.status)
    return outcome.event, outcome.version, outcome.timestamp, outcome.is_duplicate


def stages(world: World) -> Mapping[str, str]:
    """How often each stage of single events was counted."""
    pattern = r'^ugc_api_stage_seconds_count\{stage="(parse|validate|user|encode)"\} (\S+)$'
    return dict(re.findall(pattern, world.metrics.render().decode(), re.MULTILINE))


def alone(world: World, body: bytes) -> Outcome:
    if len(body) > 65_536:
        return too_large(65_536)
    try:
        return world.pipeline.accept(body, correlation_id="c")
    except Rejection as rejection:
        return rejection


def check(names: Sequence[str], *, has_encoder: bool = True) -> None:
    bodies = [BODIES[name] for name in names]
    batch, single = World(WIDE), World(WIDE)
    if not has_encoder:
        batch.encoder = single.encoder = None
    together = batch.pipeline.accept_all(bodies, correlation_id="c")
    by_itself = [alone(single, body) for body in bodies]
    assert list(map(told, together)) == list(map(told, by_itself))
    assert stages(batch) == stages(single)
    published = [
        [(each.key, len(each.value), set(each.headers)) for each in world.publisher.published]
        for world in (batch, single)
    ]
    assert published[0] == published[1]


@pytest.mark.parametrize("name", BODIES)
def test_an_event_is_the_same_in_a_batch_and_alone(name: str) -> None:
    check([name])


@pytest.mark.parametrize("name", BODIES)
def test_without_an_encoder_too(name: str) -> None:
    check(["a click", name], has_encoder=False)


@given(st.lists(st.sampled_from([name for name in BODIES if name != "too long"]), max_size=8))
def test_whatever_is_beside_it(names: list[str]) -> None:
    check(names)


def test_a_rejection_stays_in_its_place() -> None:
    world = World()
    gap = too_large(1)
    found = world.pipeline.accept_all([gap, BODIES["a click"], gap], correlation_id="c")
    assert (found[0], found[2]) == (gap, gap)
    assert not isinstance(found[1], Rejection)


def test_work_grows_with_the_batch_and_counting_does_not() -> None:
    class Counted(NoInstrumentation):
        def __init__(self) -> None:
            self.told: list[tuple[Stage, int]] = []

        def took_each(self, stage: Stage, seconds: float, number: int) -> None:
            self.told.append((stage, number))

    calls: list[int] = []

    def step(value: int) -> int:
        calls.append(value)
        return value

    for size in (10, 20):
        counted = Counted()
        calls.clear()
        steps = [(Stage.PARSE, step), (Stage.ENCODE, step)]
        assert through(range(size), steps, counted) == list(range(size))
        assert len(calls) == 2 * size
        assert counted.told == [(Stage.PARSE, size), (Stage.ENCODE, size)]
