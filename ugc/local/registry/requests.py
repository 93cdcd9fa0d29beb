"""What callers send, as values: bodies, versions in a path. Pure.

Unknown members of a body are ignored, as Confluent's registry does; those that would change the
meaning of the request and that nobody here understands (``metadata``, ``ruleSet``) are refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from registry.compatibility import Level
from registry.errors import InvalidSchemaError
from ugc.local.registry import refusals
from ugc.local.registry.contexts import plain

LATEST = -1
"""Stands for the newest version that is not deleted."""

MAX_INT = 2**31 - 1

_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Mode(StrEnum):
    """What may be written: everything, nothing, or schemas that bring their ids with them."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"
    IMPORT = "IMPORT"


@dataclass(frozen=True, slots=True)
class Reference:
    """A version whose types another schema uses. ``name`` is the caller's; it resolves nothing."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRequest:
    """A schema to register, find or compare. ``text`` is empty when none was sent."""

    text: str
    references: tuple[Reference, ...] = ()
    schema_id: int | None = None
    version: int | None = None


def loads(text: str | bytes) -> Any:
    """JSON as RFC 8259 has it, without Python's NaN and infinities and without lone surrogates.

    Raises:
        ValueError: it is not, or it nests too deep.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{literal:.40} is beyond a double")
    return number


def read_schema(body: bytes) -> SchemaRequest:
    """The body of a registration, look-up or compatibility test.

    Raises:
        RequestRefusedError: it is not of that shape.
        InvalidSchemaError: the schema is of another kind than Avro.
    """
    sent = _object(body)
    if sent.get("metadata") is not None or sent.get("ruleSet") is not None:
        raise refusals.unprocessable("metadata and ruleSet are not supported")
    schema_type = sent.get("schemaType") or "AVRO"
    if schema_type != "AVRO":
        raise InvalidSchemaError(f"Invalid schema type {schema_type}: only AVRO is supported")
    text = sent.get("schema")
    if not isinstance(text, str | None):
        raise refusals.malformed('"schema" has to be a string that holds the schema')
    schema_id, version = _integer(sent, "id"), _integer(sent, "version")
    return SchemaRequest(
        text=text or "",
        references=_references(sent.get("references")),
        schema_id=schema_id if schema_id is not None and schema_id >= 0 else None,
        version=version if version is not None and version > 0 else None,
    )


def _references(sent: Any) -> tuple[Reference, ...]:
    if sent is None:
        return ()
    if not isinstance(sent, list):
        raise refusals.malformed('"references" has to be a list')
    references = []
    for each in sent:
        match each:
            case {"name": str(name), "subject": str(subject), "version": int(version)} if name:
                references.append(Reference(name, plain(subject), version))
            case _:
                raise InvalidSchemaError(f"Invalid reference: {each!r:.200}")
    return tuple(references)


def _integer(sent: dict[str, Any], key: str) -> int | None:
    value = sent.get(key)
    if value is None or (type(value) is int and -MAX_INT <= value <= MAX_INT):
        return value
    raise refusals.malformed(f'"{key}" has to be an integer of 32 bits')


def read_level(body: bytes) -> Level:
    """The body of a change of configuration.

    Raises:
        RequestRefusedError: it names no level, or asks for more than that.
    """
    sent = _object(body)
    others = sorted(k for k, v in sent.items() if v is not None and k not in _LEVEL_KEYS)
    if others:
        raise refusals.unprocessable(f"not supported in a configuration: {', '.join(others)}")
    value = sent.get("compatibility", sent.get("compatibilityLevel"))
    if isinstance(value, str) and value.upper() in Level.__members__:
        return Level(value.upper())
    raise refusals.invalid_level()


_LEVEL_KEYS = ("compatibility", "compatibilityLevel")


def read_mode(body: bytes) -> Mode:
    """The body of a change of mode.

    Raises:
        RequestRefusedError: it names no mode.
    """
    value = _object(body).get("mode")
    if isinstance(value, str) and value.upper() in Mode.__members__:
        return Mode(value.upper())
    raise refusals.invalid_mode()


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise refusals.unprocessable("the request has no body")
    try:
        value = loads(body)
    except ValueError as error:
        raise refusals.malformed(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise refusals.malformed("the body has to be a JSON object")
    return value


def read_version(text: str) -> int:
    """A version in a path: 1 and up, or :data:`LATEST` for ``latest`` and ``-1``.

    Raises:
        RequestRefusedError: it is neither.
    """
    word = text.strip().lower()
    if word == "latest":
        return LATEST
    if _INTEGER.fullmatch(word) and (int(word) == LATEST or 1 <= int(word) <= MAX_INT):
        return int(word)
    raise refusals.invalid_version(text)


def check_subject(subject: str) -> str:
    """A subject that may be written to.

    Raises:
        RequestRefusedError: it has control characters, or a path could not tell it from a call.
    """
    if _CONTROL.search(subject):
        raise refusals.invalid_subject(subject, "has a control character")
    # A WSGI server hands over paths with %2F already turned into a slash.
    if "versions" in subject.split("/"):
        raise refusals.invalid_subject(subject, 'has a part "versions" between slashes')
    return subject
