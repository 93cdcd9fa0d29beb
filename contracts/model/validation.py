"""Validation of ``data`` and envelopes into violations that a front-end developer can act on.

The hot path uses ``jsonschema_rs``; ``jsonschema`` is the reference that tests hold it against.
Decided once, for HTTP and Avro alike:

* ``1.0`` is an integer (JSON Schema 2020-12, core 4.2.3) and is stored as ``1``; ``true`` is
  never a number.
* ``$`` in a pattern matches at the very end only, never before a final newline.
* Formats assert; :mod:`contracts.model.formats` says what each one takes.
* Nothing is fetched: a reference that leaves the document is an error, whatever its scheme.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from contracts.errors import ContractSchemaError
from contracts.model import decimals, formats
from contracts.model.pointer import escape, join
from contracts.model.types import JsonSchema
from contracts.visible import shortened

MAX_VIOLATIONS = 20
"""More than these are not reported for one value; the first ones are."""

_SHOWN_CHARACTERS = 60

_MOST_CHARACTERS = 1_000_000
_CHARACTERS_PER_VALUE = 100
"""What listing the errors of a value may cost: the library makes all of them at once, each with a
pointer of its own, so that a long key above many wrong values would take gigabytes."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a value.

    ``pointer`` is a JSON pointer (RFC 6901) to the value, ``keyword`` the JSON Schema keyword it
    breaks, ``expected`` what that keyword demands there.
    """

    pointer: str
    keyword: str
    message: str
    expected: Any


class Validator:
    """A compiled schema. Safe to share between threads."""

    def __init__(self, schema: JsonSchema) -> None:
        """Compiles ``schema`` by draft 2020-12, whatever its ``$schema`` says.

        Raises:
            ContractSchemaError: it is malformed, or refers to what is not in it.
        """
        checked = _each_schema(schema, _with_own_bounds)
        self._compiled = _compiled(checked)
        quick = _each_schema(checked, _with_uuid_by_pattern)
        self._is_valid = (self._compiled if quick == checked else _compiled(quick)).is_valid

    def accepts(self, value: Any) -> bool:
        """Whether ``value`` (parsed JSON) satisfies the schema."""
        return self._is_valid(value)

    def violations(
        self, value: Any, *, at: str = "", limit: int | None = MAX_VIOLATIONS
    ) -> tuple[Violation, ...]:
        """What is wrong with ``value``, by pointer; empty when nothing is.

        Of a value so large that the list could be huge, one violation only is given and says so.

        Args:
            value: parsed JSON.
            at: JSON pointer of ``value`` in the document that the reader knows.
            limit: so many at most; ``None`` for all.
        """
        if self._is_valid(value):
            return ()
        if not _is_listable(value):
            return (self._first_violation(value, at),)
        found = [
            violation
            for error in self._compiled.iter_errors(value)
            for violation in _violations(error, at)
        ]
        return tuple(sorted(found, key=lambda v: (v.pointer, v.keyword, v.message)))[:limit]

    def _first_violation(self, value: Any, at: str) -> Violation:
        try:
            self._compiled.validate(value)
        except jsonschema_rs.ValidationError as error:
            first = _violations(error, at)[0]
            message = f"{first.message} (no more was looked for: the value is too large)"
            return replace(first, message=message)
        raise AssertionError("only asked about values that are wrong")


def _compiled(schema: JsonSchema) -> jsonschema_rs.Draft202012Validator:
    try:
        # Without a retriever the library opens addresses and files that a schema names.
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            validate_formats=True,
            formats=formats.CHECKS,
            keywords={decimals.KEYWORD: decimals.DecimalKeyword},
            retriever=_refuse_to_fetch,
        )
    except ValueError as error:
        raise _schema_error(error) from error


_UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

_SCHEMAS_BY_NAME = ("properties", "$defs")
_SCHEMAS = ("items", "additionalProperties")


_Change = Callable[[dict[str, Any]], dict[str, Any]]


def _each_schema(schema: Any, change: _Change) -> Any:
    """The same with each schema inside, and then itself, changed."""
    if not isinstance(schema, Mapping):
        return schema
    found = dict(schema)
    for keyword in _SCHEMAS:
        if keyword in found:
            found[keyword] = _each_schema(found[keyword], change)
    for keyword in _SCHEMAS_BY_NAME:
        if isinstance(found.get(keyword), Mapping):
            inner = found[keyword].items()
            found[keyword] = {name: _each_schema(each, change) for name, each in inner}
    return change(found)


def _with_uuid_by_pattern(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema for a verdict without reasons.

    A pattern takes the library a tenth of a microsecond, a format that Python checks three.
    """
    if schema.get("format") != "uuid":
        return schema
    del schema["format"]
    return {**schema, "allOf": [*schema.get("allOf", ()), {"pattern": _UUID}]}


def _with_own_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema's bounds ignore texts; a decimal's hold for them as well, and exactly."""
    is_decimal = isinstance(schema.get(decimals.KEYWORD), Mapping)
    return decimals.without_bounds(schema) if is_decimal else schema


def problems_with_contract(schema: JsonSchema) -> tuple[str, ...]:
    """Where a contract breaks the dialect: one line for each finding, empty when it does not."""
    return tuple(
        f"{violation.pointer or '/'} {violation.message}"
        for violation in dialect_validator().violations(schema)
    )


@cache
def dialect() -> JsonSchema:
    """The meta-schema: what a contract may say."""
    text = files("contracts").joinpath("meta/dialect.json").read_text(encoding="utf-8")
    found: JsonSchema = json.loads(text)
    return found


@cache
def dialect_validator() -> Validator:
    """Holds a contract against :func:`dialect`."""
    return Validator(dialect())


def problems_with_shared(schema: JsonSchema) -> tuple[str, ...]:
    """Where a shared definition breaks the dialect, in lines as for a contract."""
    return tuple(
        f"{violation.pointer or '/'} {violation.message}"
        for violation in shared_dialect_validator().violations(schema)
    )


@cache
def shared_dialect() -> JsonSchema:
    """The meta-schema of a shared definition: one value, and what is said of its file."""
    whole = dialect()
    value = whole["$defs"]["value"]
    of_the_file = {name: whole["properties"][name] for name in ("$schema", "x-owner")}
    return {
        **value,
        "$schema": whole["$schema"],
        "$id": "urn:ugc-events:shared:1",
        "title": "A shared definition of the contract dialect",
        "required": ["$schema", "title", "description", "x-owner"],
        "properties": {**value["properties"], **of_the_file},
        "$defs": whole["$defs"],
    }


@cache
def shared_dialect_validator() -> Validator:
    """Holds a shared definition against :func:`shared_dialect`."""
    return Validator(shared_dialect())


def foreign_check(schema: object) -> Callable[[Any], bool]:
    """Whether a value satisfies a schema of any draft, the one that ``$schema`` names.

    Nothing is fetched, and the decisions above do not hold: the draft's own do.

    Raises:
        ContractSchemaError: the schema is malformed, or refers to what is not in it.
    """
    if not isinstance(schema, dict | bool):
        raise ContractSchemaError("schema", ("it is neither an object nor a boolean",))
    try:
        compiled = jsonschema_rs.validator_for(schema, retriever=_refuse_to_fetch)
    except ValueError as error:
        raise _schema_error(error) from error
    return compiled.is_valid


def _schema_error(error: ValueError) -> ContractSchemaError:
    return ContractSchemaError("schema", (str(error).split("\n", 1)[0],))


def _refuse_to_fetch(address: str) -> Any:
    raise ValueError(f"{address} is outside of the document")


def problem_with_pattern(pattern: str) -> str | None:
    """Why the linear-time engine cannot take ``pattern``; ``None`` when it can."""
    try:
        jsonschema_rs.Draft202012Validator(
            {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
        )
    except jsonschema_rs.ValidationError as error:
        return error.message
    return None


def _violations(error: jsonschema_rs.ValidationError, at: str) -> list[Violation]:
    """One entry for each property that is missing or too many, else one for the error."""
    keyword = error.kind.name
    pointer = at + join(error.instance_path)
    facts = error.kind.as_dict()
    if keyword == "required":
        name = facts["property"]
        return [Violation(f"{pointer}/{escape(name)}", keyword, "is required", True)]
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        return [
            Violation(f"{pointer}/{escape(name)}", keyword, "is not a known property", False)
            for name in facts["unexpected"]
        ]
    if keyword == decimals.KEYWORD:
        broken, _, problem = error.message.partition(": ")
        message = f"{problem}, not {_shown(error.instance)}"
        return [Violation(pointer, broken, message, None)]
    render = _MESSAGES.get(keyword)
    if render is None:
        return [Violation(pointer, keyword, error.message, None)]
    expected = facts.get(_FACT.get(keyword, "limit"))
    return [Violation(pointer, keyword, render(expected, error.instance), expected)]


def _is_listable(value: Any) -> bool:
    """Whether the pointers of everything in ``value``, and a little for each, are few enough."""
    left = _MOST_CHARACTERS
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        inner, pointer = waiting.pop()
        left -= _CHARACTERS_PER_VALUE + pointer
        match inner:
            case dict():
                below = [(each, pointer + 1 + len(name)) for name, each in inner.items()]
            case list():
                below = [(each, pointer + 1 + len(str(len(inner)))) for each in inner]
            case _:
                below = []
        waiting += below
        if left < _CHARACTERS_PER_VALUE * len(waiting):
            return False
    return True


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return shortened(text, _SHOWN_CHARACTERS)


def _kinds(expected: Any) -> str:
    return " or ".join([expected] if isinstance(expected, str) else expected)


_FACT: Mapping[str, str] = {
    "type": "types",
    "enum": "options",
    "const": "expected_value",
    "pattern": "pattern",
    "format": "format",
    "multipleOf": "multiple_of",
}
"""Which fact of an error is what its keyword demands; for all others it is the limit."""

_Message = Callable[[Any, Any], str]

_MESSAGES: Mapping[str, _Message] = {
    "type": lambda expected, got: f"must be {_kinds(expected)}, not {_shown(got)}",
    "enum": lambda expected, got: f"must be one of {_shown(expected)}, not {_shown(got)}",
    "const": lambda expected, got: f"must be {_shown(expected)}, not {_shown(got)}",
    "pattern": lambda expected, got: f"must match {expected}; {_shown(got)} does not",
    "format": lambda expected, got: (
        f"must be {formats.MEANING.get(expected, expected)}; {_shown(got)} is not"
    ),
    "multipleOf": lambda expected, got: f"must be a multiple of {expected}, not {_shown(got)}",
    "minLength": lambda limit, got: f"must have at least {limit} characters, not {len(got)}",
    "maxLength": lambda limit, got: f"must have at most {limit} characters, not {len(got)}",
    "minimum": lambda limit, got: f"must be {limit} or more, not {_shown(got)}",
    "maximum": lambda limit, got: f"must be {limit} or less, not {_shown(got)}",
    "exclusiveMinimum": lambda limit, got: f"must be more than {limit}, not {_shown(got)}",
    "exclusiveMaximum": lambda limit, got: f"must be less than {limit}, not {_shown(got)}",
    "minItems": lambda limit, got: f"must have at least {limit} items, not {len(got)}",
    "maxItems": lambda limit, got: f"must have at most {limit} items, not {len(got)}",
    "minProperties": lambda limit, got: f"must have at least {limit} properties, not {len(got)}",
    "maxProperties": lambda limit, got: f"must have at most {limit} properties, not {len(got)}",
    "uniqueItems": lambda _expected, _got: "must not have the same item twice",
}
