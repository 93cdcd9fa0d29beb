"""Rules between contracts: what ``x-pairing`` of one event needs of two others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.lint.examples import validator_of
from contracts.lint.rules import Note
from contracts.model import walker
from contracts.model.types import FieldType, NumberType

Schema = Mapping[str, Any]
Versions = Mapping[str, Mapping[int, Schema]]

_AT = "/x-pairing"


def check(event: str, schema: Schema, usable: Versions) -> Iterator[Note]:
    """What is wrong with the pairing of one contract.

    Args:
        event: its name.
        schema: the contract, which keeps the dialect.
        usable: every contract that keeps the dialect, by event and version.
    """
    pairing = schema.get("x-pairing")
    made_by_etl = schema["x-origin"] == "etl"
    if pairing is None:
        if made_by_etl:
            message = 'nothing makes this event; write "x-pairing", or "x-origin": "client"'
            yield Note("pairing-event", "/x-origin", message)
        return
    if not made_by_etl:
        message = 'a paired event is not sent by clients; write "x-origin": "etl"'
        yield Note("pairing-event", "/x-origin", message)
    yield from _halves(event, pairing, usable)
    yield from _keys(pairing, usable)
    yield from _carried(schema, pairing, usable)
    yield from _results(schema, pairing)


def check_clock(schema: Schema, *, has_time: bool) -> Iterator[Note]:
    """Whether the time that a duration is taken from is there.

    ``has_time``: the context says when an event occurred.
    """
    named = schema.get("x-pairing", {}).get("duration_from")
    if named is not None and not has_time:
        message = f"no context has {named}; write it in context/v<N>.json, or leave this out"
        yield Note("pairing-field", f"{_AT}/duration_from", message)


def check_prefixes(newest: Mapping[str, Schema]) -> Iterator[tuple[str, Note]]:
    """Event and finding for each store prefix that another event uses already."""
    taken: dict[str, str] = {}
    for event, schema in sorted(newest.items()):
        prefix = schema.get("x-pairing", {}).get("store_prefix")
        if prefix is None:
            continue
        if other := taken.get(prefix):
            message = f"{prefix} is {other}'s already; write another prefix"
            yield event, Note("pairing-prefix", f"{_AT}/store_prefix", message)
        taken.setdefault(prefix, event)


def _halves(event: str, pairing: Schema, usable: Versions) -> Iterator[Note]:
    for role in ("start", "end"):
        half = pairing[role]
        if half == event or half not in usable:
            message = f"{half!r} is no other event that exists; describe it, or name another"
            yield Note("pairing-event", f"{_AT}/{role}", message)
        elif any(schema["x-origin"] != "client" for schema in usable[half].values()):
            message = f"{half!r} is not sent by clients; name an event that is"
            yield Note("pairing-event", f"{_AT}/{role}", message)
    if pairing["start"] == pairing["end"]:
        message = "start and end are one event; an end needs an event of its own"
        yield Note("pairing-event", f"{_AT}/end", message)


def _keys(pairing: Schema, usable: Versions) -> Iterator[Note]:
    """Keys are required in every version of both halves, and of one type everywhere."""
    for index, key in enumerate(pairing["keys"]):
        types = set()
        for half in (pairing["start"], pairing["end"]):
            for version, schema in usable.get(half, {}).items():
                found = _required_type(schema, key)
                types.add(found)
                if found is None:
                    message = f"{half}@{version} does not require {key}; write it there"
                    yield Note("pairing-field", f"{_AT}/keys/{index}", message)
        if len(types - {None}) > 1:
            message = f"{key} has different types in the two halves; write the same in both"
            yield Note("pairing-field", f"{_AT}/keys/{index}", message)


def _carried(schema: Schema, pairing: Schema, usable: Versions) -> Iterator[Note]:
    for index, name in enumerate(pairing["carry"]):
        at = f"{_AT}/carry/{index}"
        own = _types(schema).get(name)
        if own is None:
            yield Note("pairing-field", at, f"{name} is no field here; write it in properties")
            continue
        for version, start in usable.get(pairing["start"], {}).items():
            found = _required_type(start, name)
            source = f"{pairing['start']}@{version}"
            if found is None:
                message = f"{source} does not require {name}; write it there, or do not carry it"
                yield Note("pairing-field", at, message)
            elif found != own:
                message = f"{name} has another type in {source}; write the same in both"
                yield Note("pairing-field", at, message)


def _results(schema: Schema, pairing: Schema) -> Iterator[Note]:
    """The duration is a number, the constants are allowed, and no required field is left empty."""
    duration = pairing["duration"]
    if not isinstance(_types(schema).get(duration), NumberType):
        message = f'{duration} has to be a field of "type": "number" here: it holds seconds'
        yield Note("pairing-field", f"{_AT}/duration", message)
    given = {*pairing["carry"], duration}
    for outcome in ("when_paired", "when_unpaired"):
        constants = pairing[outcome]
        for name, value in constants.items():
            at = f"{_AT}/{outcome}/{name}"
            described = schema["properties"].get(name)
            if described is None:
                yield Note("pairing-field", at, f"{name} is no field here; write it in properties")
                continue
            for problem in validator_of(schema, described).violations(value, at=at, limit=1):
                yield Note("pairing-field", problem.pointer, problem.message)
        # Without an end nothing measures the duration.
        filled = {*constants, *(given if outcome == "when_paired" else pairing["carry"])}
        for name in schema["required"]:
            if name in schema["properties"] and name not in filled:
                way_out = f"write it here, or in carry if {pairing['start']} has it"
                message = f"nothing gives the required field {name}; {way_out}"
                yield Note("pairing-field", f"{_AT}/{outcome}", message)


def _types(schema: Schema) -> dict[str, FieldType]:
    return {field.json_name: field.value.type for field in walker.record_type(schema).fields}


def _required_type(schema: Schema, name: str) -> FieldType | None:
    for field in walker.record_type(schema).fields:
        if field.json_name == name and not field.optional:
            return field.value.type
    return None
