"""``expect_event`` and its kin against a running stack, from pytest and from Node."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fullstack.cache import program
from tests.support.stack import Running, free_ports
from ugc.local.stack import Stack, StackConfig
from ugc.testing import DebugEvents
from ugc.testing.events import is_like

CLICK = {"element_type": "trailer", "page_type": "movie"}
TAG = {"X-UGC-Debug": "t1"}


def test_an_object_may_have_more_members() -> None:
    assert is_like({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}})
    assert not is_like({"a": 1}, {"a": 2})
    assert not is_like({}, {"a": None})
    assert not is_like(None, {"a": 1})
    assert is_like(None, None)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack.start(StackConfig(state_dir=folder, ports=free_ports(), alone=True)) as started:
        yield Running(started)


def send(stack: Running, data: object, **headers: str) -> None:
    stack.post({"event": "element_click", "token": None, "data": data}, **{**TAG, **headers})


@pytest.mark.stack
def test_an_event_is_expected_followed_and_forgotten(stack: Running) -> None:
    events = DebugEvents(stack.api, tag="t1", timeout_seconds=10)
    events.reset()
    assert events.headers == TAG
    send(stack, CLICK)
    found = events.expect_event("element_click", {"page_type": "movie"})
    assert found["tag"] == "t1"
    row = events.expect_row(found["event_id"])
    assert row["element_type"] == "trailer"
    events.expect_no_rejected()
    events.reset()
    assert events.events() == []


@pytest.mark.stack
def test_what_came_instead_is_told(stack: Running) -> None:
    events = DebugEvents(stack.api, tag="t1")
    send(stack, {"element_type": 5, "page_type": "movie"})
    events.expect_event("element_click", outcome="rejected")
    with pytest.raises(AssertionError, match="/data/element_type must be string"):
        events.expect_event("element_click", CLICK, timeout_seconds=0)
    with pytest.raises(AssertionError, match="rejected"):
        events.expect_no_rejected()


@pytest.mark.stack
def test_the_terminal_prints_what_is_recorded(stack: Running) -> None:
    DebugEvents(stack.api, tag="t1").reset()
    send(stack, CLICK)
    DebugEvents(stack.api, tag="t1").expect_event("element_click")
    printed = stack.ugc("tail", "--once", "--tag", "t1")
    assert "accepted   element_click@1" in printed
    assert '"outcome": "accepted"' in stack.ugc("tail", "--once", "--tag", "t1", "--json")


SCRIPT = """
const { debugEvents } = await import(process.argv[1]);
const ugc = debugEvents(process.argv[2], { tag: "t2", timeout: 10000 });
await ugc.reset();
const send = (data) => fetch(`${process.argv[2]}/api/v1/events`, {
  method: "POST", headers: { "Content-Type": "application/json", ...ugc.headers },
  body: JSON.stringify({ event: "element_click", token: null, data }),
});
await send({ element_type: "trailer", page_type: "movie" });
const event = await ugc.expectEvent("element_click", { data: { page_type: "movie" } });
const { row } = await ugc.expectRow(event.event_id);
await ugc.expectNoRejected();
await send({ element_type: 5 });
await ugc.expectEvent("element_click", { outcome: "rejected" });
const failed = await ugc.expectNoRejected().then(() => "", (error) => error.message);
console.log(row.element_type, failed.includes("/data/element_type must be string"));
"""


@pytest.mark.full
@pytest.mark.stack
def test_the_same_for_playwright(stack: Running, tmp_path: Path) -> None:
    helper = tmp_path / "expect-event.mjs"
    helper.write_bytes(httpx2.get(f"{stack.api}/debug/expect-event.mjs").content)
    done = subprocess.run(
        [program("node"), "--input-type=module", "-e", SCRIPT, helper.as_uri(), stack.api],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "trailer true\n", done.stderr
