"""Whatever a contract takes otherwise than its plan is told at the place where it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import event as mark
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ContractSchemaError
from contracts.model import json_text
from contracts.model.validation import Validator, Violation, foreign_check
from tests.support import restricted_schemas
from tests.support.schemas import Drawn, documents
from ugc.importing.convert import ITEMS, VALUES, Fate, FieldPath
from ugc.importing.events import ImportedEvent, Platform, imported_all
from ugc.importing.plans import PlannedEvent

PLATFORM = Platform(columns=frozenset({"user_id", "timestamp", "event_id"}))


def taken(schema: Any) -> ImportedEvent:
    planned = PlannedEvent(
        name="order", description="", schema=schema, source="test", where="a", family=("a",)
    )
    (event,) = imported_all([planned], owner="team", platform=PLATFORM)
    return event


class Translation:
    """A plan's values ↔ its contract's, by the names and fates that the report tells."""

    def __init__(self, event: ImportedEvent) -> None:
        assert event.document is not None
        self.event = event
        self.document = event.document
        self.reports = {report.path: report for report in event.fields}

    def sent(self, value: Any) -> Any:
        """What a client sends that has ``value`` of the plan."""
        return self._sent(value, self.document, ())

    def _sent(self, value: Any, schema: Mapping[str, Any], path: FieldPath) -> Any:
        if path in self.reports and self.reports[path].fate is Fate.JSON_TEXT:
            return json_text.write(value)
        if isinstance(value, list) and "items" in schema:
            return [self._sent(each, schema["items"], (*path, ITEMS)) for each in value]
        if not isinstance(value, dict) or "additionalProperties" not in schema:
            return value
        if "properties" not in schema:
            inner = schema["additionalProperties"]
            return {key: self._sent(each, inner, (*path, VALUES)) for key, each in value.items()}
        found = {}
        for key, each in value.items():
            at = (*path, key)
            name = self.event.names.get(at, key)
            if name in schema["properties"] and at in self.event.names:
                found[name] = self._sent(each, schema["properties"][name], at)
            elif at not in self.reports:
                found[f"unknown {key}"] = each
        return found

    def notes_at(self, pointer: str) -> Iterator[str]:
        """Of the value that a pointer into the contract's payload means, and of what holds it."""
        yield from self.event.notes
        path: FieldPath = ()
        schema: Mapping[str, Any] = self.document
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if "items" in schema:
                path, schema = (*path, ITEMS), schema["items"]
            elif "properties" not in schema:
                path, schema = (*path, VALUES), schema["additionalProperties"]
            elif key not in schema["properties"]:
                return  # what is unknown is told by the object
            else:
                path = next(
                    at
                    for at, name in self.event.names.items()
                    if at[:-1] == path and name == key and at in self.reports
                )
                schema = schema["properties"][key]
            yield from self.reports[path].notes if path in self.reports else ()


OF_KEYWORD: Mapping[str, tuple[str, ...]] = {
    "additionalProperties": ("other properties are refused",),
    "type": ("values of other types than", "values that are no objects are refused"),
    "enum": ("listed values beyond", "const is demanded"),
    "format": ("format ",),
    **{
        keyword: (f"{keyword} ",)
        for keyword in ("maxLength", "maxItems", "maxProperties", "minimum", "maximum")
    },
}
"""How the notes begin that explain why a keyword refuses a value of the plan."""


def is_told(violation: Violation, notes: list[str]) -> bool:
    beginnings = OF_KEYWORD.get(violation.keyword, ())
    return any(
        note.startswith(beginnings) or note.endswith("that only others take are refused")
        for note in notes
    )


def untold(translation: Translation, value: Any) -> list[Violation]:
    """Violations of a valid instance that no note at their place explains."""
    sent = translation.sent(value)
    return [
        violation
        for violation in Validator(translation.document).violations(sent, limit=None)
        if not is_told(violation, list(translation.notes_at(violation.pointer)))
    ]


@settings(max_examples=400, deadline=None)
@given(restricted_schemas.events())
def test_no_valid_value_is_refused_without_a_note(drawn: tuple[dict[str, Any], list[Any]]) -> None:
    schema, values = drawn
    event = taken(schema)
    is_valid = foreign_check(schema)
    valid = [value for value in values if is_valid(value)]
    mark(f"{'taken' if event.document else 'refused'}, {'some' if valid else 'no'} valid")
    if event.document is None:
        assert event.fields[0].notes
        return
    translation = Translation(event)
    assert [found for value in valid if (found := untold(translation, value))] == []


@settings(max_examples=200, deadline=None)
@given(documents(), st.data())
def test_nor_is_one_of_any_foreign_schema(drawn: Drawn, data: st.DataObject) -> None:
    event = taken(drawn.schema)
    if event.document is None:
        return
    value = data.draw(drawn.instances)
    try:
        is_valid = foreign_check(drawn.schema)(value)
    except (ContractSchemaError, ValueError):
        return
    if is_valid:
        assert untold(Translation(event), value) == []


@settings(max_examples=600, deadline=None)
@given(restricted_schemas.fields())
def test_no_restriction_is_dropped_without_a_note(drawn: tuple[dict[str, Any], list[Any]]) -> None:
    schema, values = drawn
    event = taken(schema)
    if event.document is None or any(report.fate is not Fate.TYPED for report in event.fields):
        return
    notes = [*event.notes, *(note for report in event.fields for note in report.notes)]
    if any("not checked" in note or "loosest" in note for note in notes):
        return
    mark("held to its plan")
    is_valid = foreign_check(schema)
    accepts = Validator(event.document).accepts
    sent = Translation(event).sent
    accepted = [value for value in values if accepts(sent({"a": value}))]
    assert [value for value in accepted if not is_valid({"a": stored(value)})] == []


def stored(value: Any) -> Any:
    """Draft 4 counts ``1.0`` not among the integers; a contract does, and it is stored as ``1``."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [stored(each) for each in value]
        case dict():
            return {key: stored(each) for key, each in value.items()}
        case _:
            return value
