"""Halves and rows, from the contract's declaration alone."""

from __future__ import annotations

import copy
import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.message import Message
from contracts.model.loader import default_folder
from contracts.reasons import Reason
from etl.errors import PlanError
from etl.sessions.pairing import PairingPlan, Plan, instant, milliseconds, plan_for
from etl.sessions.store import SessionState, Settled, Side
from etl.source import RawMessage
from tests.etl.world import CATALOG, END, NOON, START, catalog_with
from tests.support.with_context import nothing_said

PLAN = plan_for(CATALOG)
PAGE_VIEW = PLAN.pairings["page_view"]
VIEW = uuid.UUID("6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11")
AVRO = b"\0\0\0\0\x05rest"


def message(event: str, data: dict[str, Any], *, user: str = "ann", after: float = 0.0) -> Message:
    return Message(
        event_id=uuid.uuid4(),
        event=event,
        user_id=user,
        timestamp=NOON + dt.timedelta(seconds=after),
        contract_version=1,
        data=data,
    )


def raw(event: str, offset: int = 0) -> RawMessage:
    return RawMessage("ugc.events", 3, offset, event.encode(), AVRO, milliseconds(NOON) + 40)


def page(view: uuid.UUID = VIEW, page_type: str = "movie") -> dict[str, Any]:
    return {"page_view_id": view, "page_type": page_type}


def half_of(plan: PairingPlan, side: Side, found: Message) -> bytes:
    return plan.session_event(side, found, raw(found.event, 7)).payload


def state(plan: PairingPlan, start: Message | None, end: Message | None) -> SessionState:
    return SessionState(
        session="view",
        start=None if start is None else half_of(plan, Side.START, start),
        end=None if end is None else half_of(plan, Side.END, end),
        settled=Settled.NO,
        original_end=(
            None if end is None else plan.session_event(Side.END, end, raw(end.event, 7)).original
        ),
    )


def test_the_key_is_that_of_the_requirement() -> None:
    event = PAGE_VIEW.session_event(Side.START, message(START, page()), raw(START))
    assert event.session == f"pv:{VIEW}.ann"
    assert event.expires_ms == milliseconds(NOON) + 12 * 3_600_000
    assert event.location == "3:0"
    assert event.original == b"3 0 %d " % raw(START).timestamp_ms + AVRO


def test_start_and_end_of_a_view_have_one_key() -> None:
    halves = [
        PAGE_VIEW.session_event(side, message(event, page()), raw(event))
        for side, event in ((Side.START, START), (Side.END, END))
    ]
    assert halves[0].session == halves[1].session


def test_a_pair() -> None:
    found = PAGE_VIEW.derive(
        state(PAGE_VIEW, message(START, page()), message(END, page(page_type="x"), after=12.5))
    )
    assert found is not None
    assert found.message.event == "page_view"
    assert found.message.data == {
        "duration_seconds": 12.5,
        "page_type": "movie",
        "paired": True,
        **nothing_said(),
    }
    assert found.message.timestamp == NOON
    assert found.message.user_id == "ann"
    assert found.message.contract_version == 1
    assert (found.partition, found.offset, found.version, found.skewed) == (3, 7, 2, False)


def test_a_start_alone() -> None:
    found = PAGE_VIEW.derive(state(PAGE_VIEW, message(START, page()), None))
    assert found is not None
    assert found.message.data == {
        "duration_seconds": None,
        "page_type": "movie",
        "paired": False,
        **nothing_said(),
    }
    assert found.version == 1


def test_the_row_of_a_view_keeps_its_id_and_time() -> None:
    start = message(START, page())
    alone = PAGE_VIEW.derive(state(PAGE_VIEW, start, None))
    paired = PAGE_VIEW.derive(state(PAGE_VIEW, start, message(END, page(), after=9)))
    assert alone is not None
    assert paired is not None
    assert alone.message.event_id == paired.message.event_id
    assert alone.message.timestamp == paired.message.timestamp
    assert alone.version < paired.version


def test_ids_of_rows_never_change() -> None:
    """Another id would make a second row of every view that is loaded again."""
    found = PAGE_VIEW.derive(state(PAGE_VIEW, message(START, page()), None))
    assert found is not None
    assert str(found.message.event_id) == "4e7fa957-39e5-577d-b597-d0bf9f260280"


def test_other_users_and_views_have_other_rows() -> None:
    starts = [
        message(START, page(), user="ann"),
        message(START, page(), user="bob"),
        message(START, page(uuid.UUID(int=1)), user="ann"),
    ]
    rows = [PAGE_VIEW.derive(state(PAGE_VIEW, start, None)) for start in starts]
    assert len({row.message.event_id for row in rows if row}) == 3


def test_an_end_before_its_start_took_no_time_and_is_marked() -> None:
    found = PAGE_VIEW.derive(
        state(PAGE_VIEW, message(START, page()), message(END, page(), after=-0.001))
    )
    assert found is not None
    assert found.message.data["duration_seconds"] == 0
    assert found.skewed


@given(st.integers(-(10**9), 10**12))
def test_a_duration_is_exact_to_the_millisecond_and_never_negative(elapsed_ms: int) -> None:
    end = message(END, page(), after=0)
    end = Message(
        event_id=end.event_id,
        event=END,
        user_id="ann",
        timestamp=NOON + dt.timedelta(milliseconds=elapsed_ms),
        contract_version=1,
        data=end.data,
    )
    found = PAGE_VIEW.derive(state(PAGE_VIEW, message(START, page()), end))
    assert found is not None
    assert found.message.data["duration_seconds"] == max(0, elapsed_ms) / 1000
    assert found.skewed is not (0 <= elapsed_ms <= 12 * 3_600_000)


def test_an_end_alone_is_no_row_but_a_dead_letter() -> None:
    alone = state(PAGE_VIEW, None, message(END, page()))
    assert PAGE_VIEW.derive(alone) is None
    assert alone.original_end is not None
    letter = PAGE_VIEW.orphan(alone.original_end, "ugc.events")
    assert letter.reason is Reason.ORPHAN_END
    assert letter.schema_id == 5
    assert letter.original == raw(END, 7)
    assert "page_view_start" in letter.detail


def test_only_ends_that_were_due_are_put_back_as_booked() -> None:
    expires_ms = milliseconds(NOON) + PAGE_VIEW.wait_ms
    for side, name, before_ms, settled in (
        (Side.END, END, expires_ms + 1, True),
        (Side.END, END, expires_ms, False),
        (Side.END, END, None, False),
        (Side.START, START, expires_ms + 1, False),
    ):
        event = PAGE_VIEW.session_event(
            side, message(name, page()), raw(name), settled_before_ms=before_ms
        )
        assert event.settled is settled


@given(st.integers(-(2**41), 2**41))
def test_milliseconds_there_and_back(unix_ms: int) -> None:
    assert milliseconds(instant(unix_ms)) == unix_ms


# A second paired event, by contract files alone


def contract_of(event: str) -> dict[str, Any]:
    text = (default_folder() / "events" / event / "v1.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def video_contracts(**pairing: Any) -> dict[str, dict[str, Any]]:
    """``video_play`` out of ``video_start`` and ``video_stop``, on two keys that are texts."""
    start = contract_of(START)
    text = {"type": "string", "minLength": 1, "maxLength": 64, "description": "A text."}
    whole = {"type": "integer", "minimum": 0, "maximum": 10**6, "description": "A number."}
    start["properties"] = {"player": text, "video": text, "quality": whole}
    start["required"] = ["player", "video", "quality"]
    start["examples"] = [{"player": "a", "video": "b", "quality": 720}]
    stop = copy.deepcopy(start)
    play = contract_of("page_view")
    play["x-table"] = {"retention_days": 30}
    play["properties"] = {
        "quality": whole,
        "seconds": {**whole, "type": ["integer", "null"]},
        "outcome": {**text, "x-categorical": True},
    }
    play["required"] = ["quality", "outcome"]
    play["examples"] = [{"quality": 720, "seconds": 3, "outcome": "stopped"}]
    play["x-pairing"] = {
        "start": "video_start",
        "end": "video_stop",
        "keys": ["player", "video"],
        "carry": ["quality"],
        "duration": "seconds",
        "wait_seconds": 60,
        "store_prefix": "vp",
        "when_paired": {"outcome": "stopped"},
        "when_unpaired": {"outcome": "left"},
        **pairing,
    }
    return {"video_start": start, "video_stop": stop, "video_play": play}


@pytest.fixture(scope="module")
def video_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_for(catalog_with(tmp_path_factory.mktemp("video"), video_contracts()))


def video(player: str, number: str) -> dict[str, Any]:
    return {"player": player, "video": number, "quality": 1080}


def test_a_second_pairing_needs_contract_files_only(video_plan: Plan) -> None:
    plan = video_plan.pairings["video_play"]
    start = message("video_start", video("p", "v"))
    paired = plan.derive(state(plan, start, message("video_stop", video("p", "v"), after=7.9)))
    assert paired is not None
    stopped = {"quality": 1080, "seconds": 7, "outcome": "stopped"}
    assert paired.message.data == {**stopped, **nothing_said()}
    alone = plan.derive(state(plan, start, None))
    assert alone is not None
    left = {"quality": 1080, "seconds": None, "outcome": "left"}
    assert alone.message.data == {**left, **nothing_said()}
    assert plan.session_event(Side.START, start, raw("video_start")).session == "vp:p.v.ann"
    assert set(video_plan.roles) == {START, END, "video_start", "video_stop"}
    assert video_plan.longest_wait_ms == PAGE_VIEW.wait_ms


NAMES = st.lists(st.text(st.sampled_from("a.%2E:"), min_size=1), min_size=3, max_size=3)


@given(one=NAMES, other=NAMES)
def test_views_never_share_a_key(video_plan: Plan, one: list[str], other: list[str]) -> None:
    plan = video_plan.pairings["video_play"]
    views = [
        plan.session_event(
            Side.START, message("video_start", video(player, number), user=user), raw("video_start")
        ).session
        for player, number, user in (one, other)
    ]
    assert (views[0] == views[1]) is (one == other)
    assert all("." in view for view in views)


def test_keys_that_are_no_texts(tmp_path: Path) -> None:
    contracts = video_contracts(keys=["player", "quality"])
    plan = plan_for(catalog_with(tmp_path, contracts)).pairings["video_play"]
    event = plan.session_event(
        Side.START, message("video_start", video("p", "v")), raw("video_start")
    )
    assert event.session == "vp:p.1080.ann"
    assert orjson.loads(event.payload)["keys"] == ["p", 1080]


@pytest.mark.parametrize(
    ("pairing", "problem"),
    [
        ({"carry": []}, "when_paired leaves out quality"),
        ({"when_paired": {}}, "when_paired leaves out outcome"),
        ({"when_unpaired": {"seconds": None}}, "when_unpaired leaves out outcome"),
        ({"duration": "outcome"}, "the duration outcome must be a number"),
        ({"when_paired": {"outcome": 7}}, "outcome cannot be stored as string"),
        ({"start": START, "keys": ["page_type"], "carry": []}, "leaves out quality"),
    ],
)
def test_a_declaration_that_cannot_be_carried_out(
    tmp_path: Path, pairing: dict[str, Any], problem: str
) -> None:
    contracts = video_contracts(**pairing)
    if pairing.get("start") == START:
        contracts["video_stop"] = contract_of(END)
    with pytest.raises(PlanError, match=problem):
        plan_for(catalog_with(tmp_path, contracts))


def test_carried_fields_keep_their_type(tmp_path: Path) -> None:
    contracts = video_contracts()
    contracts["video_play"]["properties"]["quality"] = {
        "type": "string",
        "maxLength": 9,
        "description": "A text.",
    }
    contracts["video_play"]["examples"] = [{"quality": "1", "seconds": 3, "outcome": "stopped"}]
    with pytest.raises(PlanError, match="quality has another type in video_start@1"):
        plan_for(catalog_with(tmp_path, contracts))


def test_an_event_is_half_of_one_pairing_only(tmp_path: Path) -> None:
    contracts = video_contracts()
    again = copy.deepcopy(contracts["video_play"])
    again["x-pairing"]["store_prefix"] = "again"
    contracts["video_replay"] = again
    with pytest.raises(PlanError, match="video_start is half of both video_play and video_replay"):
        plan_for(catalog_with(tmp_path, contracts))
