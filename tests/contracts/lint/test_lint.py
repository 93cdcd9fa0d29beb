"""Each lint rule: what breaks it, where the finding leads, and what it says to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.lint import RULES, Finding, Severity, lint_folder
from contracts.model import locate
from tests.support.contract_folder import CLICK, VIEW, change, copy_of_contracts

Edit = Callable[[dict[str, Any]], object]

FIELD = "/properties/page_type"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_of_contracts(tmp_path)


def test_the_projects_own_contracts_have_no_findings(folder: Path) -> None:
    assert lint_folder(folder) == ()


def field(**keywords: Any) -> Edit:
    """Puts a described field ``extra`` into the contract; ``x_pii`` stands for ``x-pii``."""
    schema = {"description": "A field.", **keywords}

    def edit(document: dict[str, Any]) -> None:
        document["properties"]["extra"] = {k: v for k, v in schema.items() if v is not None}

    return edit


def money(digits: tuple[int, int] = (8, 2), **keywords: Any) -> Edit:
    precision, scale = digits
    return field(**{"x-decimal": {"precision": precision, "scale": scale}}, **keywords)


def listing(items: dict[str, Any]) -> Edit:
    return field(type="array", maxItems=2, items=items, examples=[[]])


def root(**keywords: Any) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        document.update({key.replace("x_", "x-"): value for key, value in keywords.items()})

    return edit


def renamed(name: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        document["properties"][name] = dict(document["properties"]["page_type"])

    return edit


def with_definitions(definitions: dict[str, Any], reference: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        field(**{"$ref": reference}, examples=["a"])(document)
        document["$defs"] = definitions

    return edit


def deprecated(**dates: str) -> Edit:
    return root(x_deprecated={"reason": "There is a newer one.", **dates})


WORD = {"type": "string", "maxLength": 8}


def doubling(lines: int) -> dict[str, Any]:
    """Definitions of which each holds the next one twice: 2 to the power of ``lines`` values."""
    pairs = {
        f"d{at}": {
            "type": "object",
            "additionalProperties": False,
            "required": [],
            "properties": {name: {"$ref": f"#/$defs/d{at + 1}"} for name in ("a", "b")},
        }
        for at in range(lines)
    }
    return {**pairs, f"d{lines}": WORD}


TEXT = {"type": "string", "maxLength": 8, "examples": ["a"]}
NUMBER = {"type": "number", "examples": [1]}
WHOLE = {"type": "integer", "minimum": 0, "maximum": 9, "examples": [1]}
OBJECT = {"type": "object", "additionalProperties": False, "required": []}

BROKEN: list[tuple[str, Edit, str, str]] = [
    ("keyword-unknown", root(x_ownr="ugc"), "/x-ownr", "did you mean x-owner?"),
    (
        "keyword-unknown",
        field(**TEXT, maxLenght=3),
        "/properties/extra/maxLenght",
        "did you mean maxLength?",
    ),
    (
        "keyword-unknown",
        field(anyOf=[{"type": "string"}, {"type": "null"}]),
        "/properties/extra/anyOf",
        'write ["<type>", "null"]',
    ),
    ("keyword-unknown", field(**TEXT, default="a"), "/properties/extra/default", "leave it out"),
    ("keyword-unknown", field(**TEXT, zzz=1), "/properties/extra/zzz", "(known: $comment"),
    (
        "keyword-unknown",
        field(type="object", additionalProperties={"type": "integer", "maximun": 3}, examples=[{}]),
        "/properties/extra/additionalProperties/maximun",
        "did you mean maximum?",
    ),
    ("keyword-missing", lambda d: d.pop("x-owner"), "/x-owner", "The team that answers"),
    ("keyword-missing", lambda d: d.pop("$schema"), "/$schema", "draft/2020-12/schema"),
    ("keyword-value", root(x_origin="browser"), "/x-origin", "must be one of"),
    ("keyword-value", field(type="text"), "/properties/extra/type", "must be one of"),
    ("keyword-value", field(**{**TEXT, "format": "ip"}), "/properties/extra/format", "one of"),
    (
        "keyword-without-effect",
        field(**WHOLE, maxLength=3),
        "/properties/extra/maxLength",
        "does nothing for the type integer",
    ),
    (
        "keyword-without-effect",
        field(**TEXT, **{"x-precision": "millis"}),
        "/properties/extra/x-precision",
        'beside "format": "date-time" only',
    ),
    ("name-not-snake-case", renamed("pageURLType"), "/properties/pageURLType", "'page_url_type'"),
    ("name-not-snake-case", renamed("page__kind"), "/properties/page__kind", "'page_kind'"),
    ("name-not-snake-case", renamed("2nd"), "/properties/2nd", "'field_2_nd'"),
    (
        "name-not-snake-case",
        with_definitions({"Some-Text": TEXT}, "#/$defs/Some-Text"),
        "/$defs/Some-Text",
        "is not snake_case",
    ),
    ("name-collision", renamed("pagetype"), "/properties/pagetype", "differs from 'page_type'"),
    ("type-missing", field(maxLength=3), "/properties/extra/type", "names no type"),
    (
        "type-mixed",
        field(type=["string", "integer"]),
        "/properties/extra/type",
        "has the types string, integer; write one",
    ),
    ("object-open", root(additionalProperties=True), "/additionalProperties", "write"),
    ("object-open", lambda d: d.pop("additionalProperties"), "/additionalProperties", "false"),
    (
        "object-open",
        field(type="object", properties={"inner": {**TEXT, "description": "A."}}),
        "/properties/extra/additionalProperties",
        'write "additionalProperties": false',
    ),
    ("object-open", field(type="object"), "/properties/extra/additionalProperties", "free keys"),
    ("required-unknown", root(required=["page_type", "nope"]), "/required/1", "names 'nope'"),
    (
        "required-unknown",
        field(**{**OBJECT, "required": ["x"]}, properties={"a": {**TEXT, "description": "A."}}),
        "/properties/extra/required/0",
        "names 'x'",
    ),
    ("items-missing", field(type="array", maxItems=3), "/properties/extra/items", "write"),
    (
        "decimal-digits",
        money(digits=(2, 3), type="number", examples=[0]),
        "/properties/extra/x-decimal/scale",
        "scale 3 is above precision 2",
    ),
    (
        "decimal-digits",
        money(type="string", minimum=0.001, examples=["0.01"]),
        "/properties/extra/minimum",
        "0.001 must have at most 2 decimals",
    ),
    (
        "decimal-digits",
        money(type="string", maximum=100_000_000, examples=["0.01"]),
        "/properties/extra/maximum",
        "at most 6 digits before the point",
    ),
    (
        "bounds-unsatisfiable",
        money(type="string", exclusiveMinimum=0.01, exclusiveMaximum=0.02, examples=["0.01"]),
        "/properties/extra",
        "no decimal keeps both",
    ),
    (
        "keyword-without-effect",
        money(type="string", maxLength=9, examples=["0.01"]),
        "/properties/extra/maxLength",
        "does nothing for the type decimal",
    ),
    (
        "keyword-without-effect",
        money(type="integer", minimum=0, maximum=9, examples=[1]),
        "/properties/extra/x-decimal",
        "x-decimal does nothing for the type integer",
    ),
    (
        "type-mixed",
        field(type=["string", "number"], examples=["0.01"]),
        "/properties/extra/type",
        "has the types string, number",
    ),
    (
        "keyword-value",
        money(digits=(39, 2), type="string", examples=["0.01"]),
        "/properties/extra/x-decimal/precision",
        "38 or less",
    ),
    (
        "example-refused",
        money(type=["string", "number", "null"], examples=["0.01", 0.01, None, 0.001]),
        "/properties/extra/examples/3",
        "at most 2 decimals",
    ),
    ("string-unbounded", field(type="string", examples=["a"]), "/properties/extra", "maxLength"),
    (
        "string-unbounded",
        field(type="array", items={"type": "string"}, maxItems=2, examples=[[]]),
        "/properties/extra/items",
        "maxLength",
    ),
    (
        "string-unbounded",
        field(type="string", format="uri", examples=["https://example.org"]),
        "/properties/extra",
        "maxLength",
    ),
    (
        "integer-unbounded",
        field(type="integer", maximum=3, examples=[1]),
        "/properties/extra",
        "has no minimum",
    ),
    (
        "integer-unbounded",
        field(type="integer", minimum=0, maximum=2**63, examples=[1]),
        "/properties/extra/maximum",
        "outside of int64",
    ),
    (
        "integer-unbounded",
        field(type=["integer", "null"], minimum=0, exclusiveMaximum=2**63 + 1, examples=[1]),
        "/properties/extra/exclusiveMaximum",
        "outside of int64",
    ),
    (
        "collection-unbounded",
        field(type="array", items={"type": "boolean"}, examples=[[True]]),
        "/properties/extra",
        "maxItems",
    ),
    (
        "collection-unbounded",
        field(type="object", additionalProperties={"type": "boolean"}, examples=[{}]),
        "/properties/extra",
        "maxProperties",
    ),
    (
        "bounds-unsatisfiable",
        field(type="string", minLength=9, maxLength=3, examples=["a"]),
        "/properties/extra/minLength",
        "9 is above maxLength 3",
    ),
    *(
        ("bounds-unsatisfiable", field(type=kind, **bounds), "/properties/extra", "no number keeps")
        for kind, bounds in (
            ("integer", {"minimum": 3, "maximum": 2}),
            ("integer", {"minimum": 3, "exclusiveMaximum": 3}),
            ("integer", {"exclusiveMinimum": 3, "exclusiveMaximum": 4}),
            ("integer", {"minimum": 11, "maximum": 19, "multipleOf": 10}),
            ("number", {"exclusiveMinimum": 1, "maximum": 1}),
            ("number", {"minimum": 0.25, "maximum": 0.29, "multipleOf": 0.1}),
            ("number", {"minimum": 0.1, "exclusiveMaximum": 0.2, "multipleOf": 0.2}),
        )
    ),
    (
        "enum-value-refused",
        field(type="string", enum=["a", 1], examples=["a"]),
        "/properties/extra/enum/1",
        "must be string, not 1; leave it out",
    ),
    (
        "enum-value-refused",
        field(type="integer", const=12, maximum=3),
        "/properties/extra/const",
        "must be 3 or less",
    ),
    (
        "ref-unresolved",
        with_definitions({}, "#/$defs/nope"),
        "/properties/extra/$ref",
        "leads nowhere",
    ),
    (
        "ref-unresolved",
        with_definitions({}, "https://example.org/schema.json"),
        "/properties/extra/$ref",
        "leads nowhere; write #/$defs/<name>",
    ),
    (
        "contract-too-large",
        with_definitions(doubling(40), "#/$defs/d0"),
        "",
        "more than 10,000 values",
    ),
    (
        "contract-too-large",
        with_definitions(
            {f"d{at}": {"$ref": f"#/$defs/d{at + 1}"} for at in range(200)} | {"d200": WORD},
            "#/$defs/d0",
        ),
        "",
        "100 levels",
    ),
    (
        "ref-recursive",
        with_definitions(
            {"a": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/a"}}}, "#/$defs/a"
        ),
        "/$defs/a/items/$ref",
        "leads back to here",
    ),
    (
        "ref-recursive",
        with_definitions(
            {
                "a": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/b"}},
                "b": {"type": "object", "additionalProperties": {"$ref": "#/$defs/b"}},
            },
            "#/$defs/a",
        ),
        "/$defs/b/additionalProperties/$ref",
        "leads back to here",
    ),
    ("defs-unused", root(**{"$defs": {"a": TEXT}}), "/$defs/a", "nothing refers to it"),
    (
        "pattern-not-portable",
        field(**{**TEXT, "pattern": "^(?=a)$"}),
        "/properties/extra/pattern",
        "lookaround",
    ),
    (
        "pattern-not-portable",
        field(**{**TEXT, "pattern": "^((a{1000}){1000}){1000}$"}),
        "/properties/extra/pattern",
        "the validator refuses it",
    ),
    (
        "pattern-backtracking",
        field(**{**TEXT, "pattern": "^(a+)+$"}),
        "/properties/extra/pattern",
        "as in (a+)+ or (a|a)*; write it so that",
    ),
    (
        "pattern-unanchored",
        field(**{**TEXT, "pattern": "a|b"}),
        "/properties/extra/pattern",
        'write "^(?:a|b)$"',
    ),
    (
        "description-missing",
        field(**TEXT, description=None),
        "/properties/extra/description",
        "write",
    ),
    (
        "description-missing",
        field(**OBJECT, properties={"inner": TEXT}),
        "/properties/extra/properties/inner/description",
        "write",
    ),
    ("example-missing", lambda d: d.pop("examples"), "/examples", "whole payload"),
    ("example-missing", field(type="boolean"), "/properties/extra/examples", "write"),
    (
        "example-refused",
        field(**{**TEXT, "examples": ["a", "much too long"]}),
        "/properties/extra/examples/1",
        "at most 8 characters",
    ),
    (
        "example-refused",
        root(examples=[{"element_type": "movie"}]),
        "/examples/0/page_type",
        "is required",
    ),
    ("column-reserved", renamed("user_id"), "/properties/user_id", "has a column user_id already"),
    (
        "column-reserved",
        field(**OBJECT, properties={"present": {**TEXT, "description": "A."}}),
        "/properties/extra/properties/present",
        "whether its object was sent; write another name than present",
    ),
    (
        "column-reserved",
        listing({**OBJECT, "properties": {"null": {**TEXT, "description": "A."}}}),
        "/properties/extra/items/properties/null",
        "inside of tuples; write another name than null",
    ),
    ("table-key", lambda d: d["x-table"]["key"].append("nope"), "/x-table/key/2", "is no field"),
    (
        "table-key",
        lambda d: d["required"].remove("page_type"),
        "/x-table/key/0",
        "is not required",
    ),
    (
        "table-key",
        lambda d: d["properties"]["page_type"].update(type=["string", "null"]),
        "/x-table/key/0",
        "may be null",
    ),
    (
        "table-personal",
        lambda d: d["x-table"].update(personal_days=30),
        "/x-table/personal_days",
        "no field has x-pii",
    ),
    (
        "table-personal",
        lambda d: (
            d["x-table"].update(personal_days=730),
            d["properties"]["element_type"].update({"x-pii": "free_text"}),
            d["x-table"].update(key=[]),
        ),
        "/x-table/personal_days",
        "rows go after 730 days already",
    ),
    (
        "table-personal",
        lambda d: (
            d["x-table"].update(personal_days=30),
            d["properties"]["page_type"].update({"x-pii": "identifier"}),
        ),
        "/x-table/key/0",
        "cannot be cleared",
    ),
    (
        "pairing-event",
        root(x_origin="etl"),
        "/x-origin",
        "nothing makes this event",
    ),
    (
        "deprecation-dates",
        deprecated(since="2026-03-01", sunset="2026-03-01"),
        "/x-deprecated/sunset",
        "is not after since",
    ),
    (
        "deprecation-dates",
        deprecated(since="2026-03-01", sunset="2026-06-01", retired="2026-05-31"),
        "/x-deprecated/retired",
        "before the promised sunset",
    ),
]


@pytest.mark.parametrize(
    ("code", "edit", "pointer", "told"),
    BROKEN,
    ids=[f"{code}{pointer}" for code, _, pointer, _ in BROKEN],
)
def test_a_broken_rule_is_told(
    folder: Path, code: str, edit: Edit, pointer: str, told: str
) -> None:
    change(folder / CLICK, edit)
    found = [f for f in lint_folder(folder, frozenset({"user_id"})) if f.code == code]
    assert [(f.path, f.pointer) for f in found] == [(folder / CLICK, pointer)]
    assert told in found[0].message
    assert found[0].severity is RULES[code].severity
    lines = locate.lines((folder / CLICK).read_text(encoding="utf-8"))
    assert found[0].line == locate.line_of(lines, pointer)


def test_a_bound_that_no_double_keeps_is_told(folder: Path) -> None:
    change(folder / CLICK, money(digits=(30, 4), type="string", maximum=7, examples=["0.01"]))
    path = folder / CLICK
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"maximum": 7', '"maximum": 12345678901234567.8901'))
    (found,) = [f for f in lint_folder(folder) if f.code == "decimal-digits"]
    assert found.pointer == "/properties/extra/maximum"
    assert "12345678901234567.8901 has more digits than a double keeps" in found.message


def pairing(**keywords: Any) -> Edit:
    return lambda document: document["x-pairing"].update(keywords)


PAIRINGS: list[tuple[str, Edit, str, str]] = [
    ("pairing-event", pairing(start="nope"), "/x-pairing/start", "'nope' is no other event"),
    ("pairing-event", pairing(end="page_view"), "/x-pairing/end", "is no other event"),
    ("pairing-event", pairing(end="page_view_start"), "/x-pairing/end", "are one event"),
    ("pairing-event", root(x_origin="client"), "/x-origin", 'write "x-origin": "etl"'),
    (
        "pairing-field",
        pairing(keys=["nope"]),
        "/x-pairing/keys/0",
        "page_view_start@1 does not require nope",
    ),
    (
        "pairing-field",
        pairing(carry=["page_type", "paired"]),
        "/x-pairing/carry/1",
        "page_view_start@1 does not require paired",
    ),
    ("pairing-field", pairing(carry=["page_type", "nope"]), "/x-pairing/carry/1", "no field here"),
    ("pairing-field", pairing(when_paired={}), "/x-pairing/when_paired", "required field paired"),
    ("pairing-field", pairing(duration="paired"), "/x-pairing/duration", '"type": "number"'),
    (
        "pairing-field",
        pairing(when_paired={"paired": "yes"}),
        "/x-pairing/when_paired/paired",
        "must be boolean",
    ),
    (
        "pairing-field",
        pairing(when_paired={"paired": True, "nope": 1}),
        "/x-pairing/when_paired/nope",
        "no field here",
    ),
    (
        "pairing-field",
        pairing(when_unpaired={"paired": False}),
        "/x-pairing/when_unpaired",
        "required field duration_seconds",
    ),
]


@pytest.mark.parametrize(
    ("code", "edit", "pointer", "told"), PAIRINGS, ids=[f"{p}-{t}" for _, _, p, t in PAIRINGS]
)
def test_a_broken_pairing_is_told(
    folder: Path, code: str, edit: Edit, pointer: str, told: str
) -> None:
    change(folder / VIEW, edit)
    found = [f for f in lint_folder(folder) if told in f.message]
    assert [(f.path, f.code, f.pointer) for f in found] == [(folder / VIEW, code, pointer)]


def test_references_that_lead_to_each_other_are_told(folder: Path) -> None:
    definitions = {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}
    change(folder / CLICK, with_definitions(definitions, "#/$defs/a"))
    found = [f.pointer for f in lint_folder(folder) if f.code == "ref-recursive"]
    assert found == ["/$defs/a/$ref", "/$defs/b/$ref"]


def test_keys_and_carried_fields_have_one_type_everywhere(folder: Path) -> None:
    def to_text(document: dict[str, Any]) -> None:
        document["properties"]["page_view_id"].pop("format")
        document["properties"]["page_view_id"]["maxLength"] = 64

    change(folder / "events/page_view_end/v1.json", to_text)
    change(folder / VIEW, lambda d: d["properties"]["page_type"].pop("x-categorical"))
    told = {f.pointer: f.message for f in lint_folder(folder) if f.code == "pairing-field"}
    assert "different types in the two halves" in told["/x-pairing/keys/0"]
    assert "another type in page_view_start@1" in told["/x-pairing/carry/0"]


def test_a_store_prefix_is_used_once(folder: Path) -> None:
    document = json.loads((folder / VIEW).read_text(encoding="utf-8"))
    (folder / "events/page_visit").mkdir()
    (folder / "events/page_visit/v1.json").write_text(json.dumps(document))
    found = [f for f in lint_folder(folder) if f.code == "pairing-prefix"]
    assert [(f.path, f.pointer) for f in found] == [
        (folder / "events/page_visit/v1.json", "/x-pairing/store_prefix")
    ]
    assert "is page_view's already" in found[0].message


FILES: list[tuple[str, str, str, str]] = [
    ("file-misplaced", "events/stray.json", "{}", "write a folder named like an event"),
    ("file-misplaced", "events/element_click/notes.txt", "", "name it v<N>.json"),
    ("file-misplaced", "events/Element/v1.json", "{}", "write a folder named like an event"),
    ("version-gap", "events/element_click/v3.json", "{}", "write v2.json"),
    ("json-invalid", CLICK, "[]", "write a JSON object"),
    ("json-invalid", CLICK, '{"title": "a", "title": "b"}', "'title' stands twice"),
    ("json-invalid", CLICK, '{"title": NaN}', "NaN is no JSON value"),
    ("json-invalid", CLICK, "\udcff", "is not JSON"),
    ("json-invalid", CLICK, '{"a":' * 100 + "{}" + "}" * 100, "nested more than 100 levels"),
    ("json-invalid", CLICK, "[" * 100_000, "nested more than 100 levels"),
    ("json-invalid", "examples/element_click/v1/valid/banner.json", "{", "is not JSON"),
    ("example-orphan", "examples/element_click/v2/valid/a.json", "{}", "no element_click@2"),
    ("example-orphan", "examples/element_click/v1/odd/a.json", "{}", "move it to"),
    ("example-orphan", "examples/element_click/v1/valid/a.txt", "", "move it to"),
    ("example-orphan", "examples/a.json", "{}", "move it to"),
    ("example-orphan", "envelopes/examples/request/v2/valid/a.json", "{}", "no request@2"),
    ("example-file-refused", "examples/element_click/v1/valid/banner.json", "{}", "is required"),
    (
        "example-file-refused",
        "envelopes/examples/message/v1/valid/anonymous_click.json",
        "{}",
        "is required",
    ),
    (
        "example-file-accepted",
        "examples/video_complete/v1/invalid/no_video.json",
        '{"video_id": "tt0111161", "duration_total": true}',
        "the contract accepts it",
    ),
]


@pytest.mark.parametrize(
    ("code", "name", "text", "told"), FILES, ids=[f"{c}-{n}" for c, n, _, _ in FILES]
)
def test_a_file_that_does_not_belong_is_told(
    folder: Path, code: str, name: str, text: str, told: str
) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, errors="surrogateescape")
    found = [f for f in lint_folder(folder) if f.code == code]
    assert found
    assert told in found[0].message
    assert found[0].path.is_relative_to(path.parents[1])


def test_missing_files_are_told(folder: Path) -> None:
    (folder / "events/empty_event").mkdir()
    (folder / "envelopes/request/v1.json").unlink()
    for path in (folder / "examples/element_click/v1/invalid").iterdir():
        path.unlink()
    found = {(f.code, f.path.relative_to(folder).as_posix()) for f in lint_folder(folder)}
    assert ("file-misplaced", "events/empty_event/v1.json") in found
    assert ("envelope-missing", "envelopes/request/v1.json") in found
    assert ("example-files-missing", CLICK) in found


def test_the_line_of_a_syntax_error_is_told(folder: Path) -> None:
    (folder / CLICK).write_text('{\n  "title": "a",\n  nope\n}')
    assert [(f.code, f.line) for f in lint_folder(folder) if f.path == folder / CLICK] == [
        ("json-invalid", 3)
    ]


def test_all_findings_of_all_files_are_told_at_once(folder: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        for index in range(30):
            document["properties"][f"field_{index}"] = {"type": "string", "maxLenght": 3}

    change(folder / CLICK, spoil)
    change(folder / "events/search_filter/v1.json", spoil)
    found = lint_folder(folder)
    for name in (CLICK, "events/search_filter/v1.json"):
        own = [f.code for f in found if f.path == folder / name]
        for code in ("keyword-unknown", "string-unbounded", "example-missing"):
            assert own.count(code) == 30


def test_only_advice_is_a_warning(folder: Path) -> None:
    warnings = {code for code, rule in RULES.items() if rule.severity is Severity.WARNING}
    assert warnings == {
        "collection-unbounded",
        "defs-unused",
        "pattern-unanchored",
        "shared-unused",
    }


def test_every_rule_has_a_case_here() -> None:
    tried = {code for code, *_ in (*BROKEN, *PAIRINGS, *FILES)}
    also = {"pairing-prefix", "envelope-missing", "example-files-missing", "event-reserved"}
    in_files_of_their_own = {"shared-unused", "shared-edited", "context-field", "rule-failed"}
    in_files_of_their_own.add("application")
    assert tried | also | in_files_of_their_own == set(RULES)


def test_findings_are_in_the_order_of_files_and_lines(folder: Path) -> None:
    change(folder / CLICK, lambda d: d["properties"].update({"a_b": {}, "c_d": {}}))
    found = lint_folder(folder)
    order: list[tuple[Path, int]] = [(f.path, f.line) for f in found]
    assert order == sorted(order)
    assert all(isinstance(f, Finding) for f in found)
