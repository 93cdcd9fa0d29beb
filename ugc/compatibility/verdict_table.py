"""The table of verdicts in ``docs/verdicts.md``: each rule's example, put through the check."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.evolution.changes import changes
from contracts.evolution.keywords import ABSENT
from contracts.evolution.rules import EXAMPLE, RULES
from contracts.model.loader import Catalog, load_catalog, parse_contract
from contracts.model.types import Envelope, JsonSchema
from ugc.compatibility.findings import EventReport, Finding, Target
from ugc.compatibility.judge import judge
from ugc.compatibility.snapshot import Snapshot

_EVENT = "example"
_TARGETS = (Target.HTTP, Target.AVRO, Target.CLICKHOUSE)
_TEXT = {"type": "string", "description": "A field."}
_LIST = {"type": "array", "items": {"type": "integer"}, "description": "A field."}
_OBJECT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a"],
    "properties": {"a": _TEXT},
    "description": "A field.",
}


def _field(**keywords: Any) -> dict[str, Any]:
    return {"properties": {"f": {"description": "A field.", **keywords}}}


_DATE_TIME = {"type": "string", "format": "date-time"}

FURTHER: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "an enum goes, and with it the dictionary column": (
        _field(type="string", enum=["a", "b"]),
        _field(type="string"),
    ),
    "a text becomes a UUID": ({}, _field(type="string", format="uuid")),
    "a UUID becomes a text": (_field(type="string", format="uuid"), {}),
    "an instant becomes a text": (_field(**_DATE_TIME), {}),
    "a bound follows from the format": (
        _field(type="string", format="uuid"),
        _field(type="string", format="uuid", maxLength=36),
    ),
    "a pattern takes more": (
        _field(type="string", pattern="^[a-z]{2}$"),
        _field(type="string", pattern="^[a-z0-9]+$"),
    ),
    "a pattern becomes the list of its texts": (
        _field(type="string", pattern="^[ab]$"),
        _field(type="string", enum=["a", "b"]),
    ),
    "a divisor divides the old one": (
        _field(type="number", multipleOf=0.1),
        _field(type="number", multipleOf=0.01),
    ),
    "a bound moves into a list": (
        _field(type="integer", minimum=1, maximum=3),
        _field(type="integer", enum=[1, 2, 3]),
    ),
    "an integer's bound is said otherwise": (
        _field(type="integer", minimum=1),
        _field(type="integer", exclusiveMinimum=0),
    ),
    "a list becomes optional": (
        {"properties": {"f": _LIST}},
        {"properties": {"f": _LIST}, "required": []},
    ),
    "an object becomes optional": (
        {"properties": {"f": _OBJECT}},
        {"properties": {"f": _OBJECT}, "required": []},
    ),
    "a field of an object becomes optional": (
        {"properties": {"f": _OBJECT}},
        {"properties": {"f": {**_OBJECT, "required": []}}},
    ),
    "an object gets an optional field": (
        {"properties": {"f": _OBJECT}},
        {"properties": {"f": {**_OBJECT, "properties": {"a": _TEXT, "b": _TEXT}}}},
    ),
    "a list's items may be null": (
        {"properties": {"f": _LIST}},
        {"properties": {"f": {**_LIST, "items": {"type": ["integer", "null"]}}}},
    ),
    "a list's items become numbers": (
        {"properties": {"f": _LIST}},
        {"properties": {"f": {**_LIST, "items": {"type": "number"}}}},
    ),
    "a map's values may be null": (
        _field(type="object", additionalProperties={"type": "integer"}),
        _field(type="object", additionalProperties={"type": ["integer", "null"]}),
    ),
    "a map's values get a bound": (
        _field(type="object", additionalProperties={"type": "integer"}),
        _field(type="object", additionalProperties={"type": "integer", "minimum": 0}),
    ),
    "a key column becomes optional": (
        {"x-table": {"key": ["f"]}},
        {"x-table": {"key": ["f"]}, "required": []},
    ),
    "rows are dropped sooner": (
        {"x-table": {"retention_days": 90}},
        {"x-table": {"retention_days": 30}},
    ),
}
"""Changes whose verdict comes from the types rather than from HTTP: title → before, after."""


def judge_pair(old: JsonSchema, new: JsonSchema, envelopes: Mapping[str, Envelope]) -> EventReport:
    """The verdict on ``new`` as the second version of an event whose first is ``old``.

    Raises:
        ContractSchemaError: one of them breaks the dialect.
    """
    base, head = (
        Snapshot(_catalog(schemas, envelopes), dict(_documents(schemas)))
        for schemas in ((old,), (old, new))
    )
    (report,) = judge(base, head, dt.date(2026, 1, 1)).events
    return report


def _documents(schemas: tuple[JsonSchema, ...]) -> Iterator[tuple[str, JsonSchema]]:
    """Path in the contract folder and content of an event's versions."""
    for number, schema in enumerate(schemas, start=1):
        yield f"events/{_EVENT}/v{number}.json", schema


def _catalog(schemas: tuple[JsonSchema, ...], envelopes: Mapping[str, Envelope]) -> Catalog:
    versions = {
        number: parse_contract(_EVENT, number, schema, Path(f"{_EVENT}/v{number}.json"))
        for number, schema in enumerate(schemas, start=1)
    }
    return Catalog({_EVENT: versions}, envelopes)


def verdict_table() -> str:
    """The whole document."""
    envelopes = load_catalog().envelopes
    lines = [_HEAD]
    for rule in RULES.values():
        before, after = {**EXAMPLE, **rule.before}, {**EXAMPLE, **rule.after}
        lines.append(_row(rule.kind, rule.says, before, after, envelopes))
    lines.append(_FURTHER_HEAD)
    for title, (old, new) in FURTHER.items():
        before, after = {**EXAMPLE, **old}, {**EXAMPLE, **new}
        lines.append(_row("", title, before, after, envelopes))
    return "\n".join(lines) + "\n"


def _row(
    kind: str, says: str, old: JsonSchema, new: JsonSchema, envelopes: Mapping[str, Envelope]
) -> str:
    report = judge_pair(old, new, envelopes)
    verdict = "**breaking**" if report.breaking else "ok"
    targets = [_of_target(report.findings, target) for target in _TARGETS]
    what = f"`{kind}`: {says}" if kind else says
    cells = (what, verdict, *targets, _example(kind, old, new), _proof(report), _way_out(report))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _of_target(findings: tuple[Finding, ...], target: Target) -> str:
    bad = [finding for finding in findings if finding.target is target and finding.breaking]
    return ", ".join(sorted({f"`{finding.code}`" for finding in bad})) or "ok"


def _example(kind: str, old: JsonSchema, new: JsonSchema) -> str:
    found = changes(old, new)
    change = next((change for change in found if change.kind == kind), found[0])
    return f"`{change.pointer}`: {_json(change.before)} → {_json(change.after)}"


def _json(value: object) -> str:
    return "absent" if value is ABSENT else f"`{json.dumps(value)}`"


def _proof(report: EventReport) -> str:
    payloads = [f.payload for f in report.breaking if f.payload is not None]
    return _json(payloads[0]) if payloads else ""


def _way_out(report: EventReport) -> str:
    return next((finding.way_out for finding in report.breaking), "")


_COLUMNS = """
| change | verdict | HTTP | Avro | ClickHouse | example | refused payload | way out |
|---|---|---|---|---|---|---|---|"""

_HEAD = f"""# Verdicts

What `ugc contracts check` says about a change of a contract. The worst of the three targets is the
verdict. A change that no rule names is `unclassified`, and breaking: nobody has thought about it.

- HTTP: everything that an earlier version takes, the new one takes. Front ends that name no version
  are validated by the newest, and they are not redeployed when a contract changes. A change that a
  rule calls breaking is none where the new version provably takes all that the earlier one does:
  by jsonschema-rs, which tests hold the whole verdict against, and for patterns by walking both
  (decision 0016). Where that is unknown, the change is breaking.
- Avro: the new schema reads what was written with every earlier one, and as the same value.
- ClickHouse: each statement is additive or a widening. One that would write a whole column anew,
  change, drop or make up a value is not part of a release.

This file is generated from `contracts/evolution/rules.py` and the check itself; a test keeps it
equal. `make generate` writes it.
{_COLUMNS}"""

_FURTHER_HEAD = f"""
## Changes that the types decide
{_COLUMNS}"""
