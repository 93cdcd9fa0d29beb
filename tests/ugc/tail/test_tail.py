"""How the debugger's events are read and shown in a terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from api.app import create_app
from api.config import ApiConfig
from contracts.visible import visible
from tests.api.debug.world import DebugWorld
from tests.api.world import CLICK, ENV, World, post
from ugc.errors import MisconfiguredError
from ugc.tail.command import command
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


HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202eevil\r"
KEY = "0123456789abcdef"


@contextmanager
def served(world: World) -> Iterator[str]:
    app = create_app(ApiConfig.from_env(ENV), world.services())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tailed(url: str, options: Sequence[str]) -> str:
    done = CliRunner().invoke(command, ["--once", "--api-url", url, *options])
    assert done.exception is None, done.exception
    return done.output


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_that_was_sent_acts_on_the_terminal(options: Sequence[str]) -> None:
    world = DebugWorld()
    post(world.client(), {**CLICK, "data": {"element_type": HOSTILE, "page_type": 5, HOSTILE: 1}})
    post(world.client(), {**CLICK, "event": HOSTILE})
    world.recorder.work()
    with served(world) as url:
        shown = tailed(url, options)
    assert "rejected" in shown
    assert {each for each in shown if visible(each) != each} == set()


def test_the_filters_and_the_key_are_sent() -> None:
    world = DebugWorld(key=KEY)
    post(world.client(), CLICK, headers={"X-UGC-Debug": "mine"})
    post(world.client(), CLICK, headers={"X-UGC-Debug": "theirs"})
    world.recorder.work()
    with served(world) as url:
        shown = tailed(url, ["--tag", "mine", "--key", KEY])
        refused = CliRunner().invoke(command, ["--once", "--api-url", url])
    assert "tag mine" in shown
    assert "theirs" not in shown
    assert isinstance(refused.exception, MisconfiguredError)


def test_an_api_without_a_debugger_is_told() -> None:
    with served(World()) as url:
        done = CliRunner().invoke(command, ["--once", "--api-url", url])
    assert "has no debugger" in str(done.exception)
