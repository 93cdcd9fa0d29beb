"""The files of a new event, of an event's next version, and the envelopes, as texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.model.loader import package_folder
from contracts.model.types import JsonSchema
from contracts.model.validation import shared_dialect
from ugc.errors import CommandLineError

TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string", "minLength": 1, "maxLength": 128, "examples": ["example"]},
    "integer": {"type": "integer", "minimum": 0, "maximum": 1_000_000, "examples": [1]},
    "number": {"type": "number", "minimum": 0, "maximum": 1_000_000, "examples": [12.5]},
    "decimal": {
        "type": ["string", "number"],
        "x-decimal": {"precision": 12, "scale": 2},
        "minimum": 0,
        "examples": ["19.90"],
    },
    "boolean": {"type": "boolean", "examples": [True]},
    "uuid": {
        "type": "string",
        "format": "uuid",
        "examples": ["6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11"],
    },
    "date": {"type": "string", "format": "date", "examples": ["2026-01-31"]},
    "date-time": {"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]},
}
"""What can be written behind the colon of ``--field name:type``."""

QUALITY = {
    "max_invalid_ratio": 0.02,
    "max_duplicate_ratio": 0.01,
    "max_gap_ratio": 0.0001,
    "max_freshness_seconds": 300,
}


class FieldTextError(CommandLineError):
    """A ``--field`` is not ``name:type`` with a type that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField:
    """One field of a new contract."""

    name: str
    type: str
    required: bool

    @classmethod
    def parse(cls, text: str) -> NewField:
        """``name:type``, with ``?`` behind it for a field that may be absent.

        Raises:
            FieldTextError: the text has another form, or the type is unknown.
        """
        name, colon, kind = text.partition(":")
        bare = kind.removesuffix("?")
        if not colon or bare not in TYPES:
            raise FieldTextError(
                f"{text!r} is not name:type, such as order_id:string or rating:number?;"
                f" the types are {', '.join(TYPES)}"
            )
        return cls(name=name, type=bare, required=not kind.endswith("?"))


def contract_document(
    event: str,
    *,
    owner: str,
    fields: Sequence[NewField],
    title: str | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """The contract of a new event, with one example payload in it."""
    words = event.replace("_", " ")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title or words.capitalize(),
        "description": description or f"The event {words}, as a front end sends it.",
        "x-owner": owner,
        "x-origin": "client",
        "x-table": {"key": [], "retention_days": 730},
        "x-quality": QUALITY,
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _property(field) for field in fields},
        "examples": [{field.name: TYPES[field.type]["examples"][0] for field in fields}],
    }


def shared_document(
    name: str,
    *,
    owner: str,
    fields: Sequence[NewField],
    title: str | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """A new shared definition: an object with these fields, and an example of it."""
    words = name.replace("_", " ")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title or words.capitalize(),
        "description": description or f"The {words}, as every event has it that refers to this.",
        "x-owner": owner,
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _property(field, of=words) for field in fields},
        "examples": [{field.name: TYPES[field.type]["examples"][0] for field in fields}],
    }


def _property(field: NewField, of: str = "event") -> dict[str, Any]:
    described = dict(TYPES[field.type])
    examples = described.pop("examples")
    words = field.name.replace("_", " ").capitalize()
    return {**described, "description": f"{words} of the {of}.", "examples": examples}


def new_event(event: str, document: JsonSchema, version: int = 1) -> dict[str, str]:
    """Path below the contract folder → text: the version and its examples."""
    payload = dict(document["examples"][0])
    examples = f"examples/{event}/v{version}"
    files = {
        f"events/{event}/v{version}.json": json_text(document),
        f"{examples}/valid/whole.json": json_text(payload),
        f"{examples}/invalid/unknown_field.json": json_text({**payload, "no_such_field": 1}),
    }
    for name in document["required"][:1]:
        without = {key: value for key, value in payload.items() if key != name}
        files[f"{examples}/invalid/no_{name}.json"] = json_text(without)
    return files


def envelopes(event: str, payload: Mapping[str, Any]) -> dict[str, str]:
    """Path below the contract folder → text: what every event is sent in, as the package has it.

    Its examples are of ``event`` with ``payload`` as its data.
    """
    package = package_folder()
    found = {}
    for path in sorted((package / "envelopes").rglob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if "properties" in document:
            document["properties"]["event"]["examples"] = [event]
        else:
            told: Mapping[str, Any] = {"event": event, "data": payload}
            # What is no object is what an invalid example is about.
            kinds = {name: type(value) for name, value in told.items()}
            document |= {n: told[n] for n in kinds if isinstance(document.get(n), kinds[n])}
        found[path.relative_to(package).as_posix()] = json_text(document)
    return found


def next_version(
    event: str, version: int, document: JsonSchema, examples: Mapping[str, str]
) -> dict[str, str]:
    """Path below the contract folder → text: version ``version + 1``, so far the same.

    Args:
        event: its name.
        version: the newest version there is.
        document: that version's contract. A deprecation in it is not the next version's.
        examples: ``valid/<name>.json`` or ``invalid/<name>.json`` → text, of that version.
    """
    copied = {key: value for key, value in document.items() if key != "x-deprecated"}
    files = {f"events/{event}/v{version + 1}.json": json_text(copied)}
    for name, text in examples.items():
        files[f"examples/{event}/v{version + 1}/{name}"] = text
    return files


def json_text(value: Any) -> str:
    """JSON as the contract folder has it: two spaces, one line at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


SCHEMAS = ("dialect", "shared", "applications")
"""Files of a contract folder that have a JSON Schema: events; shared definitions and the context;
the applications.
"""


def schema_text(of: str) -> str:
    """The JSON Schema of one of :data:`SCHEMAS`."""
    if of == "shared":
        return json_text(shared_dialect())
    return (package_folder() / "meta" / f"{of}.json").read_text(encoding="utf-8")
