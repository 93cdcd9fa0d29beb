"""The rules: what a change of a contract means to live HTTP clients. Pure data.

A front end is not redeployed when a contract changes, so everything that an earlier version
accepts, the new one has to accept. What Avro and ClickHouse say about the same change follows from
the types (``ugc.compatibility.avro``, ``ch_schema.migrate.diff``). A kind of change that is not
listed here counts as breaking: nobody has thought about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.evolution.keywords import Change
from contracts.model.types import JsonSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of change.

    ``before`` and ``after`` are keywords that turn :data:`EXAMPLE` into an example of the change.
    """

    kind: str
    breaking: bool
    says: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    way_out: str = ""


UNCLASSIFIED = Rule(
    kind="unclassified",
    breaking=True,
    says="no rule says what this change does to live clients",
    way_out="leave it out, or add a rule with its proof to contracts/evolution/rules.py",
)

EXAMPLE: JsonSchema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "An example",
    "description": "What the examples of the rules change.",
    "x-owner": "ugc",
    "x-origin": "client",
    "type": "object",
    "additionalProperties": False,
    "required": ["f"],
    "properties": {"f": {"type": "string", "description": "A field."}},
}


def rule_for(change: Change) -> Rule:
    """The rule of a change; :data:`UNCLASSIFIED` when there is none."""
    return RULES.get(change.kind, UNCLASSIFIED)


def _field(**keywords: Any) -> dict[str, Any]:
    """The example with this field instead of its own; ``x_`` stands for ``x-``."""
    named = {key.replace("x_", "x-"): value for key, value in keywords.items()}
    return {"properties": {"f": {"description": "A field.", **named}}}


_OPTIONAL_BESIDE = "add an optional field beside it, and let clients move over"
_TEXT = {"type": "string", "description": "A field."}
_WHOLE = {"type": "integer", "description": "A field."}


def _decimal(precision: int, scale: int, kind: Any = "string") -> dict[str, Any]:
    return _field(type=kind, x_decimal={"precision": precision, "scale": scale})


def _object(*names: str, closed: bool = True) -> dict[str, Any]:
    end = {"additionalProperties": False} if closed else {}
    return _field(type="object", **end, properties=dict.fromkeys(names, _TEXT))


def _referring(reference: str | None, **keywords: Any) -> dict[str, Any]:
    """A text that a definition restricts as well; ``None`` for one that none does."""
    restricted = {"$ref": reference} if reference else {"type": "string"}
    definitions = {
        "name": {"type": "string", "maxLength": 9},
        "short_name": {"type": "string", "maxLength": 5},
    }
    return {**_field(**restricted, **keywords), "$defs": definitions}


_PAIRING = {
    "start": "s",
    "end": "e",
    "keys": ["k"],
    "carry": ["f"],
    "duration": "d",
    "wait_seconds": 60,
    "store_prefix": "ex",
    "when_paired": {},
    "when_unpaired": {"d": None},
}


def _paired(**keywords: Any) -> dict[str, Any]:
    duration = {"type": ["number", "null"], "description": "Seconds."}
    return {
        "properties": {"f": _TEXT, "d": duration},
        "x-pairing": {**_PAIRING, **keywords},
        "x-origin": "etl",
    }


def _personal(days: int) -> dict[str, Any]:
    marked = _field(type="string", x_pii="identifier")
    return {**marked, "x-table": {"personal_days": days}}


_ALL = (
    Rule(
        kind="property.added",
        breaking=False,
        says="an optional field is new",
        after={"properties": {"f": _TEXT, "g": _WHOLE}},
    ),
    Rule(
        kind="property.added-required",
        breaking=True,
        says="live clients do not send the new required field, and nobody fills it in for them",
        after={"properties": {"f": _TEXT, "g": _WHOLE}, "required": ["f", "g"]},
        way_out="make the new field optional",
    ),
    Rule(
        kind="property.added-to-open",
        breaking=True,
        says="clients may already send something else under this name",
        before=_object("a", closed=False),
        after=_object("a", "b", closed=False),
        way_out="give the new field a name of its own beside this object",
    ),
    Rule(
        kind="property.removed",
        breaking=True,
        says="live clients still send the field, and the object takes only known ones",
        before={"properties": {"f": _TEXT, "g": _WHOLE}},
        way_out="keep the field, optional, and say in its description that it is no longer used",
    ),
    Rule(
        kind="property.removed-from-open",
        breaking=False,
        says="the object takes any field",
        before=_object("a", "b", closed=False),
        after=_object("a", closed=False),
    ),
    Rule(
        kind="property.renamed",
        breaking=True,
        says="live clients still send the old name",
        after={"properties": {"g": _TEXT}, "required": ["g"]},
        way_out="keep the old field, make both optional, and move clients over",
    ),
    Rule(
        kind="required.removed",
        breaking=False,
        says="the field may be absent now",
        after={"required": []},
    ),
    Rule(
        kind="required.added",
        breaking=True,
        says="clients that leave the field out are refused",
        before={"required": []},
        way_out="keep the field optional",
    ),
    Rule(
        kind="type.null-added",
        breaking=False,
        says="the field may be null now",
        after=_field(type=["string", "null"]),
    ),
    Rule(
        kind="type.null-removed",
        breaking=True,
        says="clients that send null are refused",
        before=_field(type=["string", "null"]),
        after=_field(type="string"),
        way_out="keep null",
    ),
    Rule(
        kind="type.integer-to-number",
        breaking=False,
        says="every integer is a number",
        before=_field(type="integer"),
        after=_field(type="number"),
    ),
    Rule(
        kind="type.changed",
        breaking=True,
        says="values of the old type are refused",
        after=_field(type="integer"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="type.added",
        breaking=True,
        says="values of every other type are refused",
        before=_field(),
        after=_field(type="string"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="type.removed",
        breaking=False,
        says="every type is taken",
        before=_field(type="string"),
        after=_field(),
    ),
    Rule(
        kind="bound.loosened",
        breaking=False,
        says="the bound lets more values through",
        before=_field(type="string", maxLength=8),
        after=_field(type="string", maxLength=16),
    ),
    Rule(
        kind="bound.removed",
        breaking=False,
        says="the bound is gone",
        before=_field(type="integer", minimum=1),
        after=_field(type="integer"),
    ),
    Rule(
        kind="bound.tightened",
        breaking=True,
        says="values between the old bound and the new one are refused",
        before=_field(type="string", maxLength=16),
        after=_field(type="string", maxLength=8),
        way_out="keep the bound; cut or filter when the data is read",
    ),
    Rule(
        kind="bound.added",
        breaking=True,
        says="values beyond the new bound are refused",
        before=_field(type="integer"),
        after=_field(type="integer", maximum=9),
        way_out="leave the bound out, or choose one that no client reaches and open a new event",
    ),
    Rule(
        kind="pattern.removed",
        breaking=False,
        says="any text is taken",
        before=_field(type="string", pattern="^[a-z]+$"),
    ),
    Rule(
        kind="pattern.added",
        breaking=True,
        says="texts that do not match are refused",
        after=_field(type="string", pattern="^[a-z]+$"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="pattern.changed",
        breaking=True,
        says="nothing shows that the new pattern matches all that the old one does",
        before=_field(type="string", pattern="^[a-z]+$", examples=["ab"]),
        after=_field(type="string", pattern="^[a-z]$", examples=["a"]),
        way_out="remove the pattern instead of changing it, or " + _OPTIONAL_BESIDE,
    ),
    Rule(
        kind="format.removed",
        breaking=False,
        says="any text is taken",
        before=_field(type="string", format="email"),
    ),
    Rule(
        kind="format.added",
        breaking=True,
        says="texts of another form are refused",
        after=_field(type="string", format="email"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="format.changed",
        breaking=True,
        says="texts of the old form are refused",
        before=_field(type="string", format="date"),
        after=_field(type="string", format="date-time"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="reference.removed",
        breaking=False,
        says="the definition restricts nothing any more",
        before=_referring("#/$defs/name", minLength=1),
        after=_referring(None, minLength=1),
    ),
    Rule(
        kind="reference.added",
        breaking=True,
        says="values that the definition does not take are refused",
        before=_referring(None, minLength=1),
        after=_referring("#/$defs/name", minLength=1),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="reference.changed",
        breaking=True,
        says="nothing shows that the new definition takes all that the old one does",
        before=_referring("#/$defs/name", minLength=1),
        after=_referring("#/$defs/short_name", minLength=1),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="multiple-of.loosened",
        breaking=False,
        says="the new divisor divides the old one",
        before=_field(type="integer", multipleOf=10),
        after=_field(type="integer", multipleOf=5),
    ),
    Rule(
        kind="multiple-of.removed",
        breaking=False,
        says="every number is taken",
        before=_field(type="integer", multipleOf=10),
        after=_field(type="integer"),
    ),
    Rule(
        kind="multiple-of.added",
        breaking=True,
        says="other numbers are refused",
        before=_field(type="integer"),
        after=_field(type="integer", multipleOf=5),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="multiple-of.changed",
        breaking=True,
        says="multiples of the old divisor only are refused",
        before=_field(type="integer", multipleOf=5),
        after=_field(type="integer", multipleOf=10),
        way_out="choose a divisor of the old one",
    ),
    Rule(
        kind="enum.extended",
        breaking=False,
        says="more values are taken",
        before=_field(type="string", enum=["a", "b"]),
        after=_field(type="string", enum=["a", "b", "c"]),
    ),
    Rule(
        kind="enum.reordered",
        breaking=False,
        says="the same values are taken",
        before=_field(type="string", enum=["a", "b"]),
        after=_field(type="string", enum=["b", "a"]),
    ),
    Rule(
        kind="enum.removed",
        breaking=False,
        says="every value is taken",
        before=_field(type="string", enum=["a", "b"]),
        after=_field(type="string", x_categorical=True),
    ),
    Rule(
        kind="enum.shrunk",
        breaking=True,
        says="live clients still send the values that are gone",
        before=_field(type="string", enum=["a", "b"]),
        after=_field(type="string", enum=["a"]),
        way_out="keep the values, and say in the description that they are no longer used",
    ),
    Rule(
        kind="enum.added",
        breaking=True,
        says="values outside of the list are refused",
        before=_field(type="string", x_categorical=True),
        after=_field(type="string", enum=["a", "b"]),
        way_out="say x-categorical instead: few values are expected, and none is refused",
    ),
    Rule(
        kind="unique-items.removed",
        breaking=False,
        says="an item may come twice",
        before=_field(type="array", items=_WHOLE, uniqueItems=True),
        after=_field(type="array", items=_WHOLE),
    ),
    Rule(
        kind="unique-items.added",
        breaking=True,
        says="lists with an item twice are refused",
        before=_field(type="array", items=_WHOLE),
        after=_field(type="array", items=_WHOLE, uniqueItems=True),
        way_out="drop repeated items when the data is read",
    ),
    Rule(
        kind="items.removed",
        breaking=False,
        says="items of every type are taken",
        before=_field(type="array", items=_WHOLE),
        after=_field(type="array"),
    ),
    Rule(
        kind="items.added",
        breaking=True,
        says="items of other types are refused",
        before=_field(type="array"),
        after=_field(type="array", items=_WHOLE),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="object.opened",
        breaking=False,
        says="fields that were unknown are taken",
        before=_object("a"),
        after=_object("a", closed=False),
    ),
    Rule(
        kind="object.closed",
        breaking=True,
        says="fields that are not listed, or of another type, are refused",
        before=_object("a", closed=False),
        after=_object("a"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="documentation",
        breaking=False,
        says="a title, description, comment or example",
        after={"description": "Better words."},
    ),
    Rule(kind="owner", breaking=False, says="who answers for it", after={"x-owner": "search"}),
    Rule(
        kind="quality",
        breaking=False,
        says="what alerts tolerate",
        after={"x-quality": {"max_gap_ratio": 0.01}},
    ),
    Rule(
        kind="deprecation",
        breaking=False,
        says="when the version goes; nothing is refused before",
        after={
            "x-deprecated": {"since": "2026-01-01", "sunset": "2026-07-01", "reason": "Unused."}
        },
    ),
    Rule(
        kind="pii.added",
        breaking=False,
        says="the field is marked as personal",
        after=_field(type="string", x_pii="free_text"),
    ),
    Rule(
        kind="pii.changed",
        breaking=False,
        says="the field is marked as personal in another way",
        before=_field(type="string", x_pii="free_text"),
        after=_field(type="string", x_pii="identifier"),
    ),
    Rule(
        kind="pii.removed",
        breaking=False,
        says="the field is no longer marked as personal: let its owner agree",
        before=_field(type="string", x_pii="identifier"),
    ),
    Rule(
        kind="categorical.added",
        breaking=False,
        says="few values are expected; none is refused",
        after=_field(type="string", x_categorical=True),
    ),
    Rule(
        kind="categorical.removed",
        breaking=False,
        says="many values are expected",
        before=_field(type="string", x_categorical=True),
    ),
    Rule(
        kind="precision.finer",
        breaking=False,
        says="microseconds are taken",
        before=_field(type="string", format="date-time", x_precision="millis"),
        after=_field(type="string", format="date-time"),
    ),
    Rule(
        kind="precision.coarser",
        breaking=True,
        says="the encoder refuses instants finer than a millisecond",
        before=_field(type="string", format="date-time"),
        after=_field(type="string", format="date-time", x_precision="millis"),
        way_out="keep the precision; round when the data is read",
    ),
    Rule(
        kind="type.form-added",
        breaking=False,
        says="a decimal may be written as text and as a number",
        before=_decimal(8, 2, "string"),
        after=_decimal(8, 2, ["string", "number"]),
    ),
    Rule(
        kind="decimal.widened",
        breaking=False,
        says="the decimal may have more digits before the point",
        before=_decimal(8, 2),
        after=_decimal(12, 2),
    ),
    Rule(
        kind="decimal.finer",
        breaking=False,
        says="the decimal may have more digits behind the point",
        before=_decimal(8, 2),
        after=_decimal(10, 4),
    ),
    Rule(
        kind="decimal.narrowed",
        breaking=True,
        says="decimals with the digits that are gone are refused",
        before=_decimal(8, 2),
        after=_decimal(6, 2),
        way_out="keep the digits, and bound the amount where it is used",
    ),
    Rule(
        kind="decimal.added",
        breaking=True,
        says="texts that are no decimal, and numbers of more digits, are refused",
        before=_field(type="number"),
        after=_decimal(8, 2, "number"),
        way_out=_OPTIONAL_BESIDE,
    ),
    Rule(
        kind="decimal.removed",
        breaking=False,
        says="every number or text is taken",
        before=_decimal(8, 2, "number"),
        after=_field(type="number"),
    ),
    Rule(
        kind="x-table.key.changed",
        breaking=False,
        says="how the table is sorted",
        after={"x-table": {"key": ["f"]}},
    ),
    Rule(
        kind="x-table.retention_days.changed",
        breaking=False,
        says="how long rows are kept",
        before={"x-table": {"retention_days": 30}},
        after={"x-table": {"retention_days": 90}},
    ),
    Rule(
        kind="x-table.personal_days.changed",
        breaking=False,
        says="how long values of marked fields are kept",
        before=_personal(30),
        after=_personal(90),
    ),
    Rule(
        kind="pairing.wait-changed",
        breaking=False,
        says="how long a start waits for its end",
        before=_paired(),
        after=_paired(wait_seconds=90),
    ),
    Rule(
        kind="pairing.changed",
        breaking=True,
        says="rows before and after would be made by different rules, and open pairs be lost",
        before=_paired(),
        after=_paired(store_prefix="other"),
        way_out="describe the new pairing as a new event",
    ),
    Rule(
        kind="x-origin.changed",
        breaking=True,
        says="the API takes events of origin client and refuses the others",
        after={"x-origin": "etl"},
        way_out="describe a new event",
    ),
)

RULES: Mapping[str, Rule] = {rule.kind: rule for rule in _ALL}
"""Kind of change → its rule."""
