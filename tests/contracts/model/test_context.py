"""The context of events: which fields it gives them, and what becomes of the client's clock."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ContractLoadError, ContractSchemaError
from contracts.model.context import OLDEST, Context
from contracts.model.formats import instant_text, parse_date_time
from contracts.model.loader import load_catalog
from contracts.model.validation import Validator
from tests.support.contract_folder import catalog_without_context, change
from tests.support.with_context import (
    CONTEXT,
    catalog_with_context,
    contracts_with_context,
    next_context,
)
from ugc.project.context import context_document

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
DOCUMENT = context_document("web")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_context(tmp_path)


@pytest.fixture(scope="module")
def context() -> Context:
    return Context({1: DOCUMENT})


def test_every_event_has_the_fields_of_the_context_behind_its_own() -> None:
    for contract in catalog_with_context():
        names = [field.name for field in contract.data.fields]
        own = [field.name for field in contract.own.fields]
        assert names[: len(own)] == own
        assert names[len(own) :] == [
            *(f"context__{name}" for name in DOCUMENT["properties"]),
            "context__clock",
            "context__clock_skew_ms",
        ]
        assert all(field.optional and not field.required for field in contract.context)


def test_what_an_event_may_be_sent_with_as_data_stays_the_same() -> None:
    for contract in load_catalog():
        assert (
            catalog_with_context().get(contract.event).schema["properties"]
            == (contract.schema["properties"])
        )
        assert catalog_with_context().get(contract.event).own == contract.own


def test_without_a_context_nothing_changes() -> None:
    catalog = catalog_without_context()
    assert catalog.context is None
    assert "context" not in catalog.request.schema["properties"]
    assert all(contract.own is contract.data and contract.context == () for contract in catalog)


def test_a_request_may_have_a_context_and_need_not() -> None:
    validator = Validator(catalog_with_context().request.schema)
    event = {"event": "element_click", "token": None, "data": {}}
    assert validator.accepts(event)
    assert validator.accepts({**event, "context": {}, "sent_at": "2026-01-31T12:00:00Z"})
    assert validator.accepts({**event, "context": DOCUMENT["examples"][0]})
    for wrong in ({"context": None}, {"context": {"sessionid": "s"}}, {"sent_at": "now"}):
        assert not validator.accepts({**event, **wrong})


def at(seconds: float) -> str:
    return instant_text(NOON + dt.timedelta(seconds=seconds))


TIMES = [
    ("as sent", -60, None, -60, "as_sent", None),
    ("corrected for a clock that is behind", -660, -600, -60, "corrected", 600_000),
    ("corrected for a clock that is ahead", 540, 600, -60, "corrected", -600_000),
    ("an offline queue, an hour old", -3600, 0, -3600, "corrected", 0),
    ("in the future, without sent_at", 600, None, 0, "bounded", None),
    ("after it was sent", 30, 0, 0, "bounded", 0),
    ("long ago", -OLDEST.total_seconds() - 1, 0, -OLDEST.total_seconds(), "bounded", 0),
    ("a clock of 1970 in a queue", -1_000_003_600, -1_000_000_000, -3600, "corrected", 10**12),
]


@pytest.mark.parametrize(
    ("occurred", "sent", "kept", "clock", "skew"),
    [case[1:] for case in TIMES],
    ids=[case[0] for case in TIMES],
)
def test_the_clock_of_the_client_is_corrected_bounded_and_marked(
    context: Context, occurred: float, sent: float | None, kept: float, clock: str, skew: int | None
) -> None:
    sent_at = None if sent is None else at(sent)
    found = context.as_fields({"occurred_at": at(occurred)}, sent_at, NOON)
    assert found["context__occurred_at"] == at(kept)
    assert found["context__clock"] == clock
    assert found.get("context__clock_skew_ms") == skew


MOMENTS = st.integers(-2_200_000_000_000, 10_400_000_000_000).map(
    lambda ms: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=ms)
)
"""From 1900 to 2299, as formats take them."""


@given(occurred=MOMENTS, sent=st.none() | MOMENTS, received=MOMENTS)
def test_whatever_a_client_says_the_time_that_is_kept_is_possible(
    occurred: dt.datetime, sent: dt.datetime | None, received: dt.datetime
) -> None:
    said = {"occurred_at": instant_text(occurred)}
    sent_at = None if sent is None else instant_text(sent)
    found = Context({1: DOCUMENT}).as_fields(said, sent_at, received)
    kept = parse_date_time(found["context__occurred_at"])
    # Cut to milliseconds, as the field has it.
    assert received - OLDEST - dt.timedelta(milliseconds=1) < kept <= received
    assert kept.microsecond % 1000 == 0
    assert Validator({"type": "integer"}).accepts(found.get("context__clock_skew_ms", 0))


def test_what_says_no_time_has_no_clock(context: Context) -> None:
    said = {"session_id": "s-1"}
    assert context.as_fields(said, at(0), NOON) == {"context__session_id": "s-1"}


def test_a_context_without_occurred_at_makes_no_further_fields() -> None:
    bare = {**DOCUMENT, "properties": {"session_id": DOCUMENT["properties"]["session_id"]}}
    assert [field.name for field in Context({1: bare}).fields] == ["context__session_id"]


def test_the_newest_version_counts_and_earlier_generations_are_known(folder: Path) -> None:
    theme = {"type": "string", "maxLength": 9, "description": "Colours.", "examples": ["dark"]}
    next_context(folder, lambda d: d["properties"].update(theme=theme))
    catalog = load_catalog(folder)
    assert catalog.context is not None
    click = catalog.get("element_click")
    earlier = list(catalog.context.generations(click))
    assert [len(each.context) for each in earlier] == [0, len(click.context) - 1]
    assert all(each.own == click.own for each in earlier)


def edit(**changes: Any) -> Any:
    def change_it(document: dict[str, Any]) -> None:
        document["properties"].update(changes)

    return change_it


TEXT = {"type": "string", "maxLength": 9, "description": "A field.", "examples": ["a"]}
BROKEN = [
    (lambda d: d.update(required=["version"]), "/required/0 demands version"),
    (edit(occurred_at=TEXT), "/properties/occurred_at is a time"),
    (edit(clock=TEXT), "/properties/clock is made beside occurred_at"),
    (edit(tags={"type": "array", "items": TEXT, "description": "Tags."}), "is no plain value"),
    (edit(country={"$ref": "../country/v1.json"}), "/properties/country refers to a definition"),
    (lambda d: d.update(additionalProperties={"type": "string"}), "no closed object"),
    (lambda d: d.pop("x-owner"), "/x-owner is required"),
]


@pytest.mark.parametrize(("spoil", "told"), BROKEN, ids=[told for _, told in BROKEN])
def test_what_is_no_context_is_refused(folder: Path, spoil: Any, told: str) -> None:
    change(folder / CONTEXT, spoil)
    with pytest.raises(ContractSchemaError, match=told):
        load_catalog(folder)


def test_versions_have_no_gap(folder: Path) -> None:
    (folder / CONTEXT).rename(folder / "context/v2.json")
    with pytest.raises(ContractLoadError, match=r"context must hold v1\.json"):
        load_catalog(folder)
