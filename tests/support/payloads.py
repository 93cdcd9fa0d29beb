"""Payloads generated from a contract: valid ones, of every size and alphabet.

Covers the keywords of the contract dialect that shape values; what the others restrict is left to
a filter by the validator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from contracts.model.decimals import decimal_of
from contracts.model.types import Contract
from contracts.model.validation import Validator

Schema = Mapping[str, Any]
Values = st.SearchStrategy[Any]

_LONGEST_TEXT = 40
_LONGEST_LIST = 5

_INSTANTS = st.datetimes(
    min_value=dt.datetime(1900, 1, 1),  # noqa: DTZ001 - the text below says Z
    max_value=dt.datetime(2299, 12, 31),  # noqa: DTZ001 - the text below says Z
).map(lambda naive: naive.isoformat() + "Z")

_FORMATS: dict[str, Values] = {
    "uuid": st.uuids().map(str),
    "date-time": _INSTANTS,
    "date": st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2299, 12, 31)).map(str),
    "email": st.emails(),
}


def payloads(contract: Contract) -> st.SearchStrategy[dict[str, Any]]:
    """Valid ``data`` of a contract."""
    return values(contract.schema).filter(Validator(contract.schema).accepts)


def inlined(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The schema with its references (none of them recursive) replaced by what they lead to.

    What stands beside a reference wins, so the result may accept more or other values.
    """
    found = dict(schema)
    if "$ref" in found:
        target = definitions[found.pop("$ref").removeprefix("#/$defs/")]
        found = {**inlined(target, definitions), **found}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), Mapping):
            found[key] = inlined(found[key], definitions)
    if "properties" in found:
        inner = found["properties"].items()
        found["properties"] = {name: inlined(value, definitions) for name, value in inner}
    return found


def values(schema: Schema) -> Values:
    """Instances of a schema of the dialect; of ``$ref`` with ``$defs`` beside it at the top."""
    return _values(inlined(schema, schema.get("$defs", {})))


def _values(schema: Schema) -> Values:
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "x-decimal" in schema:
        return _decimal(schema)
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return st.one_of([_BY_KIND[kind](schema) for kind in kinds])


def _decimal(schema: Schema) -> Values:
    precision, scale = schema["x-decimal"]["precision"], schema["x-decimal"]["scale"]
    most = 10**precision - 1
    low = max(-most, int(schema.get("minimum", -(10**precision))) * 10**scale)
    high = min(most, int(schema.get("maximum", 10**precision)) * 10**scale)
    exact = st.integers(low, high).map(lambda units: decimal_of(units, scale))
    return exact.map("{:f}".format) if "string" in schema["type"] else exact


def _text(schema: Schema) -> Values:
    if "format" in schema:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return st.from_regex(schema["pattern"])
    shortest = schema.get("minLength", 0)
    longest = min(schema.get("maxLength", _LONGEST_TEXT), max(_LONGEST_TEXT, shortest))
    alphabet = st.characters(codec="utf-8")
    return st.text(alphabet, min_size=shortest, max_size=longest)


def _integer(schema: Schema) -> Values:
    low = schema.get("minimum", -(2**63))
    high = schema.get("maximum", 2**63 - 1)
    whole = st.integers(low, high)
    # JSON Schema counts 1.0 among the integers.
    return whole | whole.filter(lambda n: abs(n) < 2**53).map(float)


def _number(schema: Schema) -> Values:
    bounds = {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
    return st.floats(**bounds, allow_nan=False, allow_infinity=False) | st.integers(
        bounds["min_value"] or -(2**53), bounds["max_value"] or 2**53
    )


def _array(schema: Schema) -> Values:
    shortest = schema.get("minItems", 0)
    longest = min(schema.get("maxItems", _LONGEST_LIST), max(_LONGEST_LIST, shortest))
    plain = st.lists(_values(schema["items"]), min_size=shortest, max_size=longest)
    # Chance alone hardly ever gives a value twice.
    return plain | plain.map(lambda found: [*found[: longest - 1], *found[:1]])


def _object(schema: Schema) -> Values:
    extra = schema.get("additionalProperties", True)
    fields = {name: _values(inner) for name, inner in schema.get("properties", {}).items()}
    required = {name: fields.pop(name) for name in schema.get("required", ()) if name in fields}
    named = st.fixed_dictionaries(required, optional=fields)
    if not isinstance(extra, Mapping):
        return named
    keys = st.text(st.characters(codec="utf-8"), max_size=8)
    others = st.dictionaries(keys, _values(extra), max_size=_LONGEST_LIST)
    return st.tuples(others, named).map(lambda both: {**both[0], **both[1]})


_BY_KIND: dict[str, Callable[[Schema], Values]] = {
    "null": lambda _schema: st.none(),
    "boolean": lambda _schema: st.booleans(),
    "string": _text,
    "integer": _integer,
    "number": _number,
    "array": _array,
    "object": _object,
}
