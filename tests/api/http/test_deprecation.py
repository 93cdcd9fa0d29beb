"""A contract version on its way out: clients are told, and refused only once it has ended."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from contracts.model.loader import Catalog, load_catalog
from contracts.model.types import Deprecation
from tests.api.world import CLICK, NOW, World, post

NOTICE = Deprecation(
    since=dt.date(2026, 1, 1), sunset=dt.date(2026, 7, 1), reason="Version 2 says more."
)
TODAY = NOW.date()


def world_with(deprecation: Deprecation) -> World:
    """Version 1 of element_click is deprecated; version 2 is the same without the notice."""
    catalog = load_catalog()
    newer = dataclasses.replace(catalog.get("element_click"), version=2)
    older = dataclasses.replace(catalog.get("element_click"), deprecation=deprecation)
    versions = {**catalog.versions, "element_click": {1: older, 2: newer}}
    return World(Catalog(versions, catalog.envelopes))


def test_the_answer_tells_since_when_and_until_when() -> None:
    answer = post(world_with(NOTICE).client(), {**CLICK, "version": 1})
    assert answer.status_code == 202
    assert answer.headers["Deprecation"] == "@1767225600"
    assert answer.headers["Sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"


def test_other_versions_say_nothing() -> None:
    answer = post(world_with(NOTICE).client(), CLICK)
    assert answer.status_code == 202
    assert not {"Deprecation", "Sunset"} & set(answer.headers.keys())


def test_a_batch_tells_of_the_version_in_it_that_ends() -> None:
    client = world_with(NOTICE).client()
    for events, sunset in (
        ([CLICK, {**CLICK, "version": 1}], "Wed, 01 Jul 2026 00:00:00 GMT"),
        ([CLICK], None),
    ):
        answer = client.post("/api/v1/events/batch", json=events)
        assert answer.status_code == 207
        assert answer.headers.get("Sunset") == sunset


@pytest.mark.parametrize(("retired", "status"), [(TODAY + dt.timedelta(days=1), 202), (TODAY, 422)])
def test_a_version_is_refused_from_the_day_it_is_retired(retired: dt.date, status: int) -> None:
    world = world_with(dataclasses.replace(NOTICE, retired=retired))
    answer = post(world.client(), {**CLICK, "version": 1})
    assert answer.status_code == status
    if status == 422:
        problem = answer.get_json()
        assert problem["code"] == "version_retired"
        assert problem["detail"] == "element_click@1 has ended: Version 2 says more."
        assert world.publisher.published == []
    assert post(world.client(), CLICK).status_code == 202
