"""What may be shown of what was sent: structure and plain values, nothing of a person, no secret.

What was rejected need not fit its contract, so a value is judged by its name at whatever depth it
stands: it is shown where the event's contract knows the name and no version marks it ``x-pii``.
Any other name may be a misspelt personal one, and of an unknown event nothing but the structure is
shown.  Tokens are looked for by name and by what they look like.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.model.loader import Catalog
from contracts.model.types import (
    ArrayType,
    Contract,
    Field,
    FieldType,
    JsonType,
    MapType,
    RecordType,
)
from contracts.visible import shortened

MASKED = "***"
"""What is shown in the place of a value."""

LONGEST_BYTES = 8_192
"""A document that is longer than this, masked and shortened, is told by its length alone."""

_MOST_DEPTH = 32
_MOST_MEMBERS = 200
_MOST_CHARACTERS = 300

_NAME = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_SECRET_NAME = re.compile(r"token|secret|passw|authori[sz]ation|cookie|api_?key", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?i:bearer\s)|eyJ[A-Za-z0-9_-]{4,}\.|-----BEGIN")
_EVENT_NAME = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[A-Za-z][A-Za-z0-9_.-]{0,62}", re.ASCII)
"""What names an event, and is neither an id nor an opaque token, which have more digits."""

_ENVELOPE = frozenset({"event", "event_id", "version", "sent_at"})
_OF_CLOUD_EVENTS = frozenset({"specversion", "type", "id", "time", "datacontenttype", "dataschema"})
_INNER = frozenset({"data", "context"})


@dataclass(frozen=True, slots=True)
class _Names:
    """Of one event: the names that are shown, and of what kind their values are.

    What stands under a ``loose`` name (a map, any JSON) has names that no contract knows.
    """

    shown: frozenset[str]
    personal: frozenset[str]
    structured: frozenset[str]
    loose: frozenset[str]


_NOTHING_KNOWN = _Names(frozenset(), frozenset(), frozenset(), frozenset())


class Masks:
    """What may be shown of each event. Safe to share between threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._names = {
            event: _names(list(versions.values())) for event, versions in catalog.versions.items()
        }

    def shown(self, body: bytes | None, event: str | None) -> Any:
        """The masked document; a text that says why where there is none to show.

        ``event`` is the one whose contract counts, ``None`` if none is known.
        """
        if body is None:
            return None
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return f"<{len(body)} bytes that are no JSON>"
        names = self._names.get(event or "")
        found = _Masking(names or _NOTHING_KNOWN, _secrets_in(document)).document(document)
        if isinstance(found, dict) and isinstance(document, dict):
            found |= self._name_of(document)
        too_long = len(raw := orjson.dumps(found)) > LONGEST_BYTES
        return f"<{len(raw)} bytes of JSON, too long to be shown>" if too_long else found

    def event_name(self, name: object) -> str | None:
        """A name that somebody sent, where it looks like one."""
        is_one = isinstance(name, str) and _EVENT_NAME.fullmatch(name)
        return name if is_one and isinstance(name, str) else None

    def known_event(self, body: bytes | None) -> str | None:
        """The event that a body names, if there is a contract of it."""
        try:
            document = orjson.loads(body or b"")
        except orjson.JSONDecodeError:
            return None
        name = document.get("event") if isinstance(document, dict) else None
        return name if isinstance(name, str) and name in self._names else None

    def _name_of(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A misspelt event is what one looks for: shown, unless it may be a secret."""
        name = "type" if "specversion" in document else "event"
        event = document.get(name)
        is_shown = self.event_name(event) is not None and event not in _secrets_in(document)
        return {name: event} if is_shown else {}


class _Masking:
    def __init__(self, names: _Names, secrets: frozenset[str]) -> None:
        self._names = names
        self._secrets = secrets
        self._is_known = names is not _NOTHING_KNOWN

    def document(self, value: Any) -> Any:
        """A request: the envelope's own names are shown beside the contract's."""
        if not isinstance(value, dict):
            return self._masked(value)
        plain = _OF_CLOUD_EVENTS if "specversion" in value else _ENVELOPE
        return {
            _shown_name(name): self._of_envelope(name, each, plain)
            for name, each in list(value.items())[:_MOST_MEMBERS]
        }

    def _of_envelope(self, name: str, value: Any, plain: frozenset[str]) -> Any:
        if name in _INNER and isinstance(value, dict):
            return self._members(value, 1, is_loose=False)
        if name in plain and self._is_known and not isinstance(value, dict | list):
            return self._scalar(value)
        return self._masked(value, 1)

    def _members(self, value: Mapping[str, Any], depth: int, *, is_loose: bool) -> Any:
        return {
            _shown_name(name): self._member(name, each, depth + 1, is_loose=is_loose)
            for name, each in list(value.items())[:_MOST_MEMBERS]
        }

    def _member(self, name: str, value: Any, depth: int, *, is_loose: bool) -> Any:
        names = self._names
        if name in names.personal or _SECRET_NAME.search(name):
            return None if value is None else MASKED
        if not is_loose and name not in names.shown:
            return self._masked(value, depth)
        is_scalar = not isinstance(value, dict | list)
        if is_scalar and name in names.structured and value is not None:
            return MASKED
        return self._value(value, depth, is_loose=is_loose or name in names.loose)

    def _value(self, value: Any, depth: int, *, is_loose: bool) -> Any:
        if depth > _MOST_DEPTH:
            return MASKED
        match value:
            case dict():
                return self._members(value, depth, is_loose=is_loose)
            case list():
                return [
                    self._value(each, depth + 1, is_loose=is_loose)
                    for each in value[:_MOST_MEMBERS]
                ]
            case _:
                return self._scalar(value)

    def _scalar(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if _SECRET_TEXT.search(value) or any(each in value for each in self._secrets):
            return MASKED
        return shortened(value, _MOST_CHARACTERS)

    def _masked(self, value: Any, depth: int = 0) -> Any:
        """The structure alone."""
        match value:
            case dict() if depth <= _MOST_DEPTH:
                return {
                    _shown_name(name): self._masked(each, depth + 1)
                    for name, each in list(value.items())[:_MOST_MEMBERS]
                }
            case list() if depth <= _MOST_DEPTH:
                return [self._masked(each, depth + 1) for each in value[:_MOST_MEMBERS]]
            case None:
                return None
            case _:
                return MASKED


def _secrets_in(document: Any) -> frozenset[str]:
    """The token of a request, which may stand in another place as well."""
    found = document.get("token") if isinstance(document, dict) else None
    return frozenset({found}) if isinstance(found, str) and len(found) >= 4 else frozenset()


def _shown_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else f"<name of {len(name)}>"


def _names(versions: list[Contract]) -> _Names:
    """Personal in one version or place is personal in all."""
    fields = [field for contract in versions for field in _fields(contract.data)]
    return _Names(
        shown=frozenset(each.json_name for each in fields if each.pii is None),
        personal=frozenset(each.json_name for each in fields if each.pii is not None),
        structured=frozenset(each.json_name for each in fields if _is_structured(each)),
        loose=frozenset(each.json_name for each in fields if _is_loose(each.value.type)),
    )


def _is_structured(field: Field) -> bool:
    return isinstance(field.value.type, RecordType | ArrayType | MapType)


def _is_loose(kind: FieldType) -> bool:
    match kind:
        case MapType() | JsonType():
            return True
        case ArrayType(items=items):
            return _is_loose(items.type)
        case _:
            return False


def _fields(kind: FieldType) -> Iterator[Field]:
    """The fields of a record, at every depth."""
    match kind:
        case RecordType(fields=fields):
            for field in fields:
                yield field
                yield from _fields(field.value.type)
        case ArrayType(items=items):
            yield from _fields(items.type)
        case MapType(values=values):
            yield from _fields(values.type)
        case _:
            return
