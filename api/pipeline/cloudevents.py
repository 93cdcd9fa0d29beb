"""CloudEvents 1.0 → the request envelope: each attribute has a place, or is refused by name. Pure.

=====================  =========================================================================
``specversion``        has to be ``1.0``
``type``               ``event``
``id``, ``source``     ``event_id``: see :func:`event_id_of`; both are Kafka headers too
``dataschema``         ``version``: a URI that ends in ``/<event>/<N>`` or ``/<event>/v<N>.json``
``datacontenttype``    JSON, or left out
``data``               ``data``; left out: an event without fields
``token``              an extension of this service: the user's token, or left out for a visitor
``time``               the field ``occurred_at``; a Kafka header where there is none. Nanoseconds
                       are kept by the header, cut off by a context, and refused by a contract
any other              the field of its name
=====================  =========================================================================

A field is one of the contract, in ``data``, which must not have it already; else one of the context
of all events, where the project has one.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, formats/json-format.md.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from api.errors import Rejection
from api.model import Request
from contracts.errors import ContractError
from contracts.model.formats import uuid_text
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from contracts.model.validation import MAX_VIOLATIONS, Violation
from contracts.reasons import Reason

SPEC_VERSION = "1.0"

LONGEST = 256
"""Characters of a ``source`` and of an ``id``: much more would not fit beside an event in Kafka."""

TIME = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]"
    r":([0-5][0-9]|60)(\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339, 5.6, as far as an expression can say it; some SDKs send nanoseconds."""

KEPT_DIGITS = 6
"""Of a second's fraction, in a date-time. A context keeps fewer, so more are cut off there."""

_DETAIL = "the CloudEvent cannot be taken as it is"

_REQUIRED = ("specversion", "type", "source", "id")
_PLACED = frozenset({*_REQUIRED, "dataschema", "datacontenttype", "data", "token"})
"""Those that are not looked for in ``data``."""

_FIELDS: Mapping[str, str] = {"time": "occurred_at"}
"""Attribute → the field that it goes into, where that is not the one of its name."""

_TIME = re.compile(TIME, re.ASCII)
_FINER = re.compile(rf"(\.[0-9]{{{KEPT_DIGITS}}})[0-9]+", re.ASCII)
_NAME = re.compile(r"[a-z0-9]+", re.ASCII)
_SCHEMA = re.compile(
    r"(?:[^?#]*/)?(?P<event>[a-z][a-z0-9_]{0,62})/v?(?P<version>[1-9][0-9]{0,9})(?:\.json)?",
    re.ASCII,
)
_JSON = re.compile(
    r"application/(?:[a-z0-9.+-]*\+)?json *(?:; *charset *= *\"?utf-?8\"? *)?", re.ASCII | re.I
)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,9}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}

_POINTERS = {"/event": "/type", "/event_id": "/id", "/version": "/dataschema"}
"""Where in a CloudEvent lies what the envelope has there."""

Check = Callable[[Any], Request]


class CloudEvents:
    """Makes requests of CloudEvents. Safe to share between threads."""

    def __init__(self, catalog: Catalog, check: Check) -> None:
        """``check`` holds an envelope against the contracts."""
        self._catalog = catalog
        self._check = check
        context = catalog.context
        self._common: Mapping[str, Any] = {} if context is None else context.schema["properties"]

    def structured(self, document: Any) -> Request:
        """The request in a CloudEvent of the JSON format.

        Raises:
            Rejection: it is no CloudEvent, has an attribute without a place, or breaks a contract.
        """
        if not isinstance(document, dict):
            problem = Violation("", "type", "must be a CloudEvent, a JSON object", "object")
            raise self._rejected([problem], None)
        # An attribute that is null is left out (json-format.md, 2.2); data that is null is a value.
        said = {n: each for n, each in document.items() if each is not None or n == "data"}
        return self._request(said)

    def binary(self, attributes: Mapping[str, str], document: Any) -> Request:
        """The request whose attributes stand in headers, by name, and ``data`` in the body.

        Raises:
            Rejection: as :meth:`structured`; pointers are those of the JSON format.
        """
        if "data" in attributes:
            problem = Violation("/data", "cloudevents", "is the body, and no header", None)
            raise self._rejected([problem], None)
        return self._request({**attributes, "data": document})

    def _request(self, said: Mapping[str, Any]) -> Request:
        event = said.get("type")
        if problems := [*_problems(said)]:
            raise self._rejected(problems, event)
        envelope: dict[str, Any] = {
            "event": event,
            "event_id": event_id_of(said["source"], said["id"]),
            "token": said.get("token"),
            "data": said.get("data", {}),
        }
        if "dataschema" in said:
            envelope["version"] = version_of(said["dataschema"])
        headers = {"ce_source": said["source"], "ce_id": said["id"]}
        contract = self._contract(envelope)
        if contract is not None and isinstance(envelope["data"], dict):
            fields = contract.schema.get("properties", {})
            attributes = {name: each for name, each in said.items() if name not in _PLACED}
            if common := self._taken_for_context(attributes, fields):
                envelope["context"] = common
            if "time" in attributes and _FIELDS["time"] not in fields:
                headers["ce_time"] = attributes.pop("time")
            if problems := [*_misplaced(attributes, fields, envelope["data"], contract)]:
                raise self._rejected(problems, event)
            envelope["data"] = {**envelope["data"], **_placed(attributes, fields)}
        try:
            request = self._check(envelope)
        except Rejection as rejection:
            raise _pointing_at_attributes(rejection) from rejection
        return replace(request, headers=headers)

    def _taken_for_context(
        self, attributes: dict[str, Any], fields: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The context in the attributes, of which it is taken out."""
        names = {name: _FIELDS.get(name, name) for name in attributes}
        common = {name for name, field in names.items() if field in self._common.keys() - fields}
        taken = {name: attributes.pop(name) for name in common}
        if "time" in taken:
            taken["time"] = _FINER.sub(r"\1", taken["time"])
        return _placed(taken, self._common)

    def _contract(self, envelope: Mapping[str, Any]) -> Contract | None:
        """``None`` where there is none, which the check will say."""
        try:
            return self._catalog.get(envelope["event"], envelope.get("version"))
        except ContractError:
            return None

    def _rejected(self, problems: list[Violation], event: object) -> Rejection:
        return Rejection(
            Reason.ENVELOPE_INVALID,
            _DETAIL,
            violations=tuple(problems[:MAX_VIOLATIONS]),
            more_violations=len(problems[MAX_VIOLATIONS:]),
            event=event if isinstance(event, str) and event in self._catalog.versions else None,
        )


def event_id_of(source: str, identity: str) -> str:
    """The ``event_id`` of a CloudEvent: its ``id`` if that is a UUID, which is unique by itself.

    Any other id is unique only beside its source.  It becomes the UUID of version 5 whose name it
    is, in the namespace that is the UUID of version 5 of the source as a URL (RFC 9562, 5.5): the
    same on every try, and computable by the sender.
    """
    try:
        return uuid_text(identity)
    except ValueError:
        return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, source), identity))


def version_of(dataschema: str) -> int | None:
    """The contract version that a ``dataschema`` names; ``None`` where it names none."""
    found = _SCHEMA.fullmatch(dataschema)
    return None if found is None else int(found["version"])


def _problems(said: Mapping[str, Any]) -> Iterator[Violation]:
    """What is wrong whatever the event."""
    for name in _REQUIRED:
        if name not in said:
            yield _violation(name, "required", "is required in a CloudEvent", None)
        elif not isinstance(said[name], str) or not said[name]:
            yield _violation(name, "type", "must be a text, and not empty", "string")
    if isinstance(said.get("specversion"), str) and said["specversion"] not in ("", SPEC_VERSION):
        yield _violation("specversion", "const", f"must be {SPEC_VERSION}", SPEC_VERSION)
    for name in ("source", "id"):
        if isinstance(said.get(name), str) and len(said[name]) > LONGEST:
            message = f"may have at most {LONGEST} characters"
            yield _violation(name, "maxLength", message, LONGEST)
    time = said.get("time", "2000-01-01T00:00:00Z")
    if not isinstance(time, str) or not _TIME.match(time) or time.endswith("\n"):
        yield _violation("time", "pattern", "must be a time of RFC 3339", "date-time")
    yield from _problems_of_schema(said)
    content = said.get("datacontenttype", "application/json")
    if not isinstance(content, str) or not _JSON.fullmatch(content):
        message = "must be application/json, in UTF-8, or left out: data is JSON"
        yield _violation("datacontenttype", "cloudevents", message, "application/json")
    if "data_base64" in said:
        message = "is refused: data has to be JSON, under the name data"
        yield _violation("data_base64", "cloudevents", message, None)
    for name in sorted(said.keys() - _PLACED - {"data_base64"}):
        if not _NAME.fullmatch(name):
            message = "is no name of an attribute: they are of a-z and 0-9"
            yield _violation(name, "cloudevents", message, None)
        elif name != "time" and not isinstance(said[name], str | int | bool):
            message = "must be a text, an integer or a boolean, as every attribute"
            yield _violation(name, "type", message, ["string", "integer", "boolean"])


def _problems_of_schema(said: Mapping[str, Any]) -> Iterator[Violation]:
    if "dataschema" not in said:
        return
    schema = said["dataschema"]
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if found is None:
        message = "must end in /<event>/<version>, as /api/v1/contracts/<event>/<version> does"
        yield _violation("dataschema", "cloudevents", message, None)
    elif found["event"] != said.get("type"):
        message = "must name the event that type names"
        yield _violation("dataschema", "cloudevents", message, None)


def _misplaced(
    attributes: Mapping[str, Any], fields: Mapping[str, Any], data: object, contract: Contract
) -> Iterator[Violation]:
    """Attributes for which there is no place, or which is taken."""
    assert isinstance(data, dict)
    for name in sorted(attributes):
        field = _FIELDS.get(name, name)
        if field not in fields:
            message = (
                f"is refused, since nothing would keep it: {contract.id} has no field {field};"
                " leave it out, or add that field to a new version of the contract"
            )
            yield _violation(name, "cloudevents", message, None)
        elif field in data:
            message = f"is refused: data has {field} already, and one of them would be lost"
            yield _violation(name, "cloudevents", message, None)


def _placed(attributes: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    named = {_FIELDS.get(name, name): value for name, value in attributes.items()}
    return {field: _typed(value, fields[field]) for field, value in named.items()}


def _typed(value: Any, schema: Any) -> Any:
    """The value as the field has it: in headers every attribute is a text."""
    kinds = schema.get("type") if isinstance(schema, Mapping) else None
    listed = [kinds] if isinstance(kinds, str) else kinds or []
    if not isinstance(value, str) or "string" in listed:
        return value
    if "boolean" in listed and value in _BOOLEANS:
        return _BOOLEANS[value]
    if not {"integer", "number"}.isdisjoint(listed) and _INTEGER.fullmatch(value):
        return int(value)
    return value


def _violation(name: str, keyword: str, message: str, expected: Any) -> Violation:
    written = name.replace("~", "~0").replace("/", "~1")
    return Violation(f"/{written}", keyword, f"the attribute {name} {message}", expected)


def _pointing_at_attributes(rejection: Rejection) -> Rejection:
    if rejection.reason is not Reason.ENVELOPE_INVALID:
        return rejection
    return Rejection(
        rejection.reason,
        _DETAIL,
        violations=tuple(
            replace(each, pointer=_pointer(each.pointer)) for each in rejection.violations
        ),
        more_violations=rejection.more_violations,
        event=rejection.event,
        version=rejection.version,
    )


def _pointer(of_envelope: str) -> str:
    if of_envelope.startswith("/context/"):
        field = of_envelope.removeprefix("/context/")
        return "/" + next((name for name, own in _FIELDS.items() if own == field), field)
    return _POINTERS.get(of_envelope, of_envelope)
