"""A sweep of more candidates than a page has, with the next ones looked at beforehand."""

from __future__ import annotations

import uuid

import pytest

from etl.config import RunPolicy
from tests.etl.world import HOUR, World

VIEWS = 4_700
"""More than two blocks of the largest policy below."""


@pytest.mark.parametrize("chunk_messages", [1_000, 1_500, 2_000, 10_000])
def test_each_view_is_taken_out_once_though_some_stay(chunk_messages: int) -> None:
    """Those whose marker lives are skipped; they are found when it is gone."""
    world = World(policy=RunPolicy(chunk_messages=chunk_messages))
    for number in range(VIEWS):
        world.start(uuid.UUID(int=number))
    world.run()
    markers = world.memory_store.lifetimes.markers
    assert len(markers) == VIEWS
    world.clock.pass_seconds(13 * HOUR)
    staying = sorted(markers)[::7]
    for session in staying:
        markers[session] = world.clock.ms() + 1_000

    report = world.run()

    taken_out = VIEWS - len(staying)
    assert report.pairs["page_view"].unpaired == taken_out
    assert len(world.rows("page_view")) == taken_out
    assert world.memory_store.totals("pv").starts_waiting == len(staying)

    world.clock.pass_seconds(HOUR)
    report = world.run()
    assert report.pairs["page_view"].unpaired == len(staying)
    assert len(world.rows("page_view")) == VIEWS
