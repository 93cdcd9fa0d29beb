"""How the debugger's events are read and shown in a terminal."""

from __future__ import annotations

from tests.api.debug.world import DebugWorld
from tests.api.world import CLICK, post
from ugc.tail.listening import events_in, lines_of


def test_an_accepted_event_is_one_line() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, CLICK, headers={"X-UGC-Debug": "mine"})
    (line,) = lines_of(world.told(client)[0])
    for part in ("12:00:00.123", "accepted", "element_click@1", "tag mine"):
        assert part in line


def test_a_rejected_event_tells_why() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, {**CLICK, "data": {"page_type": 5}})
    lines = list(lines_of(world.told(client)[0]))
    assert "422 data_invalid" in lines[1]
    assert "    /data/page_type must be string, not 5" in lines


def test_what_the_server_sends_is_what_is_read() -> None:
    world = DebugWorld()
    client = world.client()
    post(client, CLICK)
    world.recorder.work()
    told = client.get("/debug/stream?after=0").get_data(as_text=True)
    (_, name, event), (last, position, document) = events_in(told.split("\n"))
    assert (name, event["event"]) == ("event", "element_click")
    assert (position, document, last) == ("position", {"lost": 0}, "1-0")
