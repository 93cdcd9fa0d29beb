"""Keys of messages: what they are made of, where they lead to, and which fit an event."""

from __future__ import annotations

import uuid
import zlib
from typing import Any

import pytest

from contracts.errors import SettingError
from contracts.message import ANONYMOUS
from contracts.model.loader import load_catalog
from registry.keys import KeyCheck, KeyForm, key_maker, name_in_key

CATALOG = load_catalog()
ID = uuid.UUID(int=7)
VIEW = "0190163d-8694-739b-aea5-966c26f8ad91"
PARTITIONS = 6


def key(
    event: str,
    user_id: str,
    data: dict[str, Any] | None = None,
    *,
    form: KeyForm = KeyForm.EVENT_AND_USER,
    event_id: uuid.UUID = ID,
) -> bytes:
    return key_maker(CATALOG, form)(CATALOG.get(event), user_id, event_id, data or {})


def partition(of: bytes) -> int:
    """Where a producer puts it, by one hash or another; ours by murmur2."""
    return zlib.crc32(of) % PARTITIONS


def test_the_key_is_the_events_name_unless_it_is_set_otherwise() -> None:
    assert KeyForm.from_env({}) is KeyForm.from_env({"KAFKA_KEY": " event "}) is KeyForm.EVENT
    assert key("element_click", "ann", form=KeyForm.EVENT) == b"element_click"
    assert KeyForm.from_env({"KAFKA_KEY": "event, user"}) is KeyForm.EVENT_AND_USER


@pytest.mark.parametrize("wrong", ["user", "event,user,event", "Event", "event;user"])
def test_another_key_is_a_wrong_setting(wrong: str) -> None:
    with pytest.raises(SettingError, match="KAFKA_KEY must be event or event,user"):
        KeyForm.from_env({"KAFKA_KEY": wrong})


def test_a_users_events_of_one_type_have_one_key() -> None:
    assert key("element_click", "ann") == b"element_click:ann"
    assert key("element_click", "ann", event_id=uuid.UUID(int=8)) == b"element_click:ann"


def test_both_halves_of_a_users_view_have_one_key() -> None:
    start, end = (key(event, "ann") for event in ("page_view_start", "page_view_end"))
    assert start == end == b"page_view:ann"


def test_both_halves_of_an_anonymous_view_have_one_key_however_its_id_is_spelt() -> None:
    start = key("page_view_start", ANONYMOUS, {"page_view_id": VIEW.upper()})
    end = key("page_view_end", ANONYMOUS, {"page_view_id": VIEW})
    assert start == end == f"page_view:{VIEW}".encode()


def test_an_anonymous_event_goes_by_its_id_so_that_a_repetition_follows_it() -> None:
    assert key("element_click", ANONYMOUS) == f"element_click:{ID}".encode()


@pytest.mark.parametrize(
    "keys",
    [
        [key("element_click", f"user-{number}") for number in range(600)],
        [key("element_click", ANONYMOUS, event_id=uuid.UUID(int=n)) for n in range(600)],
        [
            key("page_view_start", ANONYMOUS, {"page_view_id": str(uuid.UUID(int=number))})
            for number in range(600)
        ],
    ],
    ids=["users", "anonymous clicks", "anonymous views"],
)
def test_one_event_type_spreads_over_all_partitions(keys: list[bytes]) -> None:
    counts = [sum(partition(each) == number for each in keys) for number in range(PARTITIONS)]
    assert min(counts) > 60
    assert max(counts) < 150


def test_a_long_user_id_is_told_by_its_hash() -> None:
    long, other = ("\N{HIRAGANA LETTER A}" * 100 + end for end in "ab")
    assert len(key("element_click", long)) == len(b"element_click:") + 64
    assert key("element_click", long) != key("element_click", other)


@pytest.mark.parametrize("event", sorted(CATALOG.versions))
@pytest.mark.parametrize("user_id", ["ann", ANONYMOUS, "a:b", "x" * 200])
@pytest.mark.parametrize("form", list(KeyForm))
def test_keys_of_both_forms_fit_their_event_and_no_other(
    event: str, user_id: str, form: KeyForm
) -> None:
    made = key(event, user_id, {"page_view_id": VIEW}, form=form)
    check = KeyCheck(CATALOG)
    assert check.fits(made, event)
    halves = {"page_view_start", "page_view_end"}
    family = {*halves, "page_view"} if event in {*halves, "page_view"} else {event}
    assert not any(check.fits(made, other) for other in CATALOG.versions.keys() - family)


@pytest.mark.parametrize(
    "wrong", [None, b"", b"element", b"element_clicks", b"element_click2:ann", b":ann", b"\xff"]
)
def test_other_keys_do_not_fit(wrong: bytes | None) -> None:
    assert not KeyCheck(CATALOG).fits(wrong, "element_click")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (None, ""),
        (b"element_click", "element_click"),
        (b"page_view:a:b", "page_view"),
        (b"\xff:ann", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_the_name_is_what_a_key_begins_with(given: bytes | None, name: str) -> None:
    assert name_in_key(given) == name
