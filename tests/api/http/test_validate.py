"""The dry run: the verdict of the real thing, and nothing stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.world import CLICK, USER, World, post, token

ID = "0190163d-8694-739b-aea5-966c26f8ad91"


def ask(world: World, body: Any, **options: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"data": raw, "content_type": "application/json", **options}
    return world.client().post("/api/v1/validate", **sent)


def test_it_shows_the_message_that_would_be_stored() -> None:
    world = World()
    answer = ask(world, {**CLICK, "token": world.good_token, "event_id": ID})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json() == {
        "accepted": True,
        "status": 202,
        "contract": "element_click@1",
        "message": {
            "event_id": ID,
            "event": "element_click",
            "user_id": USER,
            "timestamp": "2026-01-31T12:00:00.123Z",
            "contract_version": 1,
            "data": CLICK["data"],
        },
    }
    assert world.publisher.published == []
    assert world.good_token not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        {},
        {**CLICK, "event": "nothing"},
        {**CLICK, "data": {}},
        {**CLICK, "token": "bad"},
        {**CLICK, "token": token(sub=None)},
    ],
)
def test_it_tells_the_very_problem_that_the_event_would_get(body: Any) -> None:
    world = World()
    real = post(world.client(), body, headers={"X-Correlation-Id": "same"})
    answer = ask(World(), body, headers={"X-Correlation-Id": "same"})
    assert answer.status_code == 200
    assert answer.get_json() == {
        "accepted": False,
        "status": real.status_code,
        "problem": real.get_json(),
    }


def test_an_outage_of_kafka_does_not_matter_to_it() -> None:
    world = World()
    world.publisher.available = False
    assert ask(world, CLICK).get_json()["accepted"] is True


def test_a_body_that_cannot_be_read_is_an_error() -> None:
    world = World()
    assert ask(world, CLICK, content_type="text/html").status_code == 415
    assert ask(world, b" " * 65_537).status_code == 413
