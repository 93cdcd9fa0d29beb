"""Every name of a plan has one in the contract, and what is renamed is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.lint.shape import SNAKE_CASE
from tests.support.schemas import NAMES
from ugc.importing.convert import Fate
from ugc.importing.events import ImportedEvent, Platform, imported_all
from ugc.importing.names import chosen_names, snake_case
from ugc.importing.plans import events_in
from ugc.project.reserved import reserved_columns, reserved_events

PLATFORM = Platform(columns=reserved_columns(), events=reserved_events())


@pytest.mark.parametrize(("name", "expected"), [
    ("orderId", "order_id"), ("Order Completed", "order_completed"), ("a-b", "a_b"),
    ("HTTPStatus", "httpstatus"), ("a__b", "a_b"), ("x" * 99, "x" * 63),
    ("1st", "field_1st"), ("2026", "field_2026"), ("_id", "id"),
    ("имя", "imya"), ("Дата заказа", "data_zakaza"), ("цена€", "tsena"), ("Ёлка", "elka"),
    ("café", "cafe"), ("Straße", "strasse"), ("naïveBayes", "naive_bayes"), ("ﬁt", "fit"),
    ("όνομα", "onoma"), ("名前", "u540d_u524d"), ("user名", "user_u540d"), ("１st", "field_1st"),
    ("$", "u24"), ("😀", "u1f600"), ("", "unnamed"), ("\ud800", "ud800"),
])  # fmt: skip
def test_snake_case(name: str, expected: str) -> None:
    assert snake_case(name, "field") == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(NAMES, unique=True, max_size=12))
def test_every_name_is_one_of_the_dialect_distinct_and_told(names: list[str]) -> None:
    chosen = chosen_names(names, prefix="field", reserved=PLATFORM.columns, instead="data")
    assert chosen.keys() == set(names)
    found = [each.name for each in chosen.values()]
    assert all(SNAKE_CASE.fullmatch(name) and len(name) <= 63 for name in found), found
    assert len({name.replace("_", "") for name in found}) == len(names)
    assert PLATFORM.columns.isdisjoint(found)
    assert all(each.note for name, each in chosen.items() if each.name != name)


def event_with(*names: str) -> ImportedEvent:
    properties = {name: {"type": "boolean"} for name in names}
    document = {"title": "order", "type": "object", "properties": properties}
    (event,) = imported_all(
        events_in(document, "order", "order.json"), owner="team", platform=PLATFORM
    )
    assert event.findings == ()
    return event


@pytest.mark.parametrize(("name", "instead", "told"), [
    ("имя", "imya", "renamed to imya"),
    ("1st", "field_1st", "renamed to field_1st"),
    ("名", "u540d", "renamed to u540d"),
    ("timestamp", "data_timestamp",
     "renamed to data_timestamp: the name timestamp is taken by the platform"),
    ("user_id", "data_user_id",
     "renamed to data_user_id: the name user_id is taken by the platform"),
    ("eventId", "data_event_id",
     "renamed to data_event_id: the name event_id is taken by the platform"),
])  # fmt: skip
def test_a_field_is_renamed_and_told(name: str, instead: str, told: str) -> None:
    event = event_with(name)
    assert event.document is not None
    assert list(event.document["properties"]) == [instead]
    (report,) = event.fields
    assert (report.fate, report.notes) == (Fate.TYPED, (told,))


def test_each_of_several_that_begin_with_a_digit_is_taken() -> None:
    event = event_with("1st", "2st", "st")
    assert event.document is not None
    assert list(event.document["properties"]) == ["field_1st", "field_2st", "st"]


def test_of_names_that_meet_the_one_that_can_stay_stays() -> None:
    event = event_with("orderId", "order-id", "order_id")
    assert event.document is not None
    assert list(event.document["properties"]) == ["order_id_2", "order_id_3", "order_id"]
    assert event.fields[0].notes == ("renamed to order_id_2: order_id is 'order_id' already",)


def test_inside_an_object_the_platform_has_no_names() -> None:
    inner = {"type": "object", "properties": {"timestamp": {"type": "boolean"}}}
    document = {"title": "order", "type": "object", "properties": {"at": inner}}
    (event,) = imported_all(
        events_in(document, "order", "order.json"), owner="team", platform=PLATFORM
    )
    assert [str(report) for report in event.fields] == ["at", "at.timestamp"]
    assert event.fields[1].notes == ()


def plain(title: str) -> dict[str, Any]:
    return {"title": title, "type": "object", "properties": {"a": {"type": "boolean"}}}


def test_events_are_named_like_fields() -> None:
    titles = ["Событие", "null", "1st Order", "Order placed", "orderPlaced", "order_placed"]
    planned = [event for title in titles for event in events_in(plain(title), "a", f"{title}.json")]
    events = imported_all(planned, owner="team", platform=PLATFORM)
    assert [each.event for each in events] == [
        "sobytie", "event_null", "event_1st_order", "order_placed_2", "order_placed_3",
        "order_placed",
    ]  # fmt: skip
    assert "renamed to event_null: the name null is taken by the platform" in events[1].notes
    assert "renamed to order_placed_2: order_placed is 'order_placed' already" in events[3].notes


def test_a_field_keeps_its_name_in_the_next_version() -> None:
    about = {"vendor": "a", "name": "order", "format": "jsonschema"}
    first = {"type": "object", "properties": {"orderId": {"type": "boolean"}}}
    properties = {"order_id": {"type": "boolean"}, **first["properties"]}
    second = {"type": "object", "properties": properties}
    planned = [
        event
        for version, schema in (("1-0-0", first), ("1-0-1", second))
        for event in events_in({"self": {**about, "version": version}, **schema}, "", version)
    ]
    one, other = imported_all(planned, owner="team")
    assert one.names == {("orderId",): "order_id"}
    assert other.names == {("orderId",): "order_id", ("order_id",): "order_id_2"}
