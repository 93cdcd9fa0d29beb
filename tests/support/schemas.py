"""Foreign JSON Schemas and, for each, instances that are valid under it.

Schema and instances are drawn together, so that no instance has to be searched for.  Every shape
that a translation has to survive is here: see ``docs/lossless-mode.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Values = st.SearchStrategy[Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

DRAFTS = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)

NAMES = st.sampled_from(
    [
        "a", "b", "a__b", "null", "int", "record", "map", "a.b", "_x2d_", "1st",
        "user-id", "+1", "$", "имя", "名前", "😀", "", " ",
        "user_id", "timestamp", "event_id", "_part", "_rest", "ugc_rest", "ugc_rest_", "value",
        "type", "properties", "default", "enum", "`q`", "\\", "'", "a/b~c", "\x00", "A",
    ]
) | TEXTS  # fmt: skip

INTEGERS = (
    st.integers(-5, 5)
    | st.integers()
    | st.sampled_from([2**63 - 1, -(2**63), 2**63, 2**53 + 1, 10**400, -(10**30)])
)
WHOLE_FLOATS = st.integers(-(2**53), 2**53).map(float)
NUMBERS = (
    INTEGERS
    | WHOLE_FLOATS
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([-0.0, 5e-324, 1.7976931348623157e308, Decimal("1E+400")])
    | st.sampled_from([Decimal("0.1000000000000000000001"), Decimal("-1E-400")])
)
TIMES = st.sampled_from(
    [
        "2026-01-31T12:00:00Z", "2026-01-31t12:00:00.000z", "2026-01-31T12:00:00.123456+05:30",
        "2016-12-31T23:59:60Z", "2026-01-31T12:00:00.123456789Z", "1066-10-14T09:00:00Z",
        "9999-12-31T23:59:59Z", "2299-12-31T23:59:59.999999Z", "1900-01-01T00:00:00Z",
        "2026-01-31 12:00:00", "2026-01-31T12:00:00", "yesterday", "",
    ]
)  # fmt: skip
DAYS = st.sampled_from(["2026-01-31", "1900-01-01", "2299-12-31", "0001-01-01", "31.1.2026", ""])
UUIDS = st.uuids().map(str) | st.uuids().map(lambda u: str(u).upper()) | st.just("no uuid")

SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A schema, and a strategy for its valid instances."""

    schema: Any
    instances: Values


@dataclass(slots=True)
class _Document:
    """What the schemas of one document share."""

    draw: Draw
    draft: int
    definitions: dict[str, Any] = field(default_factory=dict)

    @property
    def keyword(self) -> str:
        return "$defs" if self.draft >= 2019 else "definitions"

    def define(self, schema: Any) -> str:
        """Puts a schema among the definitions; a reference to it."""
        name = f"d/{len(self.definitions)}~"
        self.definitions[name] = schema
        return f"#/{self.keyword}/d~1{len(self.definitions) - 1}~0"


@st.composite
def documents(draw: Draw) -> Drawn:
    """Whole documents: of any draft, with and without ``$schema``."""
    document = _Document(draw, draw(st.sampled_from(sorted(DRAFTS))))
    drawn = _schema(document, 3)
    if not isinstance(drawn.schema, dict):
        return drawn
    root = {"$schema": DRAFTS[document.draft], **drawn.schema}
    if document.definitions:
        root[document.keyword] = document.definitions
    return Drawn(root, drawn.instances)


def _schema(document: _Document, depth: int) -> Drawn:
    makers = _LEAVES if depth == 0 else (*_LEAVES, *_INNER, *_INNER)
    return document.draw(st.sampled_from(makers))(document, depth - 1)  # type: ignore[no-any-return]


def _anything(document: _Document, _depth: int) -> Drawn:
    free: list[Any] = [{}] if document.draft == 4 else [{}, True]
    return Drawn(document.draw(st.sampled_from(free)), ANYTHING)


def _plain(kind: str, values: Values) -> Callable[[_Document, int], Drawn]:
    return lambda _document, _depth: Drawn({"type": kind}, values)


def _integer(document: _Document, _depth: int) -> Drawn:
    # Draft 4 counts 1.0 not among the integers.
    values = INTEGERS if document.draft == 4 else INTEGERS | WHOLE_FLOATS
    return Drawn({"type": "integer"}, values)


def _formatted(name: str, values: Values) -> Callable[[_Document, int], Drawn]:
    return lambda _document, _depth: Drawn({"type": "string", "format": name}, values)


def _untyped_format(_document: _Document, _depth: int) -> Drawn:
    return Drawn({"format": "date-time"}, TIMES | SCALARS)


def _bounded(document: _Document, _depth: int) -> Drawn:
    low = document.draw(st.integers(-10, 10))
    if document.draft == 4:
        bounds: dict[str, Any] = {"minimum": low, "exclusiveMinimum": True}
    else:
        bounds = {"exclusiveMinimum": low}
    return Drawn({"type": "integer", **bounds}, st.integers(low + 1))


def _enum(document: _Document, _depth: int) -> Drawn:
    values = document.draw(st.lists(SCALARS | ANYTHING, min_size=1, max_size=4))
    values = [value for value in values if "Decimal" not in repr(value)] or ["only"]
    return Drawn({"enum": values}, st.sampled_from(values))


def _const(document: _Document, _depth: int) -> Drawn:
    if document.draft == 4:
        return _enum(document, _depth)
    value = document.draw(st.none() | st.booleans() | TEXTS | st.integers() | st.just({"a": [1]}))
    return Drawn({"const": value}, st.just(value))


def _nullable(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, depth)
    if document.draw(st.booleans()) and isinstance(inner.schema, dict):
        kind = inner.schema.get("type")
        if isinstance(kind, str) and set(inner.schema) <= {"type", "format"}:
            return Drawn({**inner.schema, "type": [kind, "null"]}, inner.instances | st.none())
    return Drawn({"anyOf": [inner.schema, {"type": "null"}]}, inner.instances | st.none())


def _several_types(_document: _Document, _depth: int) -> Drawn:
    return Drawn({"type": ["string", "integer", "boolean"]}, TEXTS | INTEGERS | st.booleans())


def _union(document: _Document, depth: int) -> Drawn:
    one, other = _schema(document, depth), _schema(document, depth)
    return Drawn({"anyOf": [one.schema, other.schema]}, one.instances | other.instances)


def _tagged(document: _Document, depth: int) -> Drawn:
    """A ``oneOf`` whose branches a property tells apart."""
    branches, instances = [], []
    for tag in ("x", "y"):
        inner = _schema(document, depth)
        branches.append(
            {
                "type": "object",
                "required": ["tag", "of"],
                "properties": {"tag": {"enum": [tag]}, "of": inner.schema},
            }
        )
        instances.append(st.fixed_dictionaries({"tag": st.just(tag), "of": inner.instances}))
    return Drawn({"oneOf": branches}, st.one_of(instances))


def _all_of(document: _Document, depth: int) -> Drawn:
    one, other = _schema(document, depth), _schema(document, depth)
    parts = [
        {"type": "object", "properties": {"one": one.schema}, "required": ["one"]},
        {"properties": {"other": other.schema}},
    ]
    instances = st.fixed_dictionaries(
        {"one": one.instances}, optional={"other": other.instances, "more": ANYTHING}
    )
    return Drawn({"allOf": parts}, instances)


def _reference(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, depth)
    schema: dict[str, Any] = {"$ref": document.define(inner.schema)}
    if document.draft <= 7 and document.draw(st.booleans()):
        schema["type"] = "boolean"  # ignored, since it stands beside a $ref
    return Drawn(schema, inner.instances)


def _anchored(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, depth)
    if not isinstance(inner.schema, dict) or "$ref" in inner.schema or document.draft < 2019:
        return inner
    name = f"anchor{len(document.definitions)}"
    if document.draft == 2020 and document.draw(st.booleans()):
        document.define({**inner.schema, "$dynamicAnchor": name})
        return Drawn({"$dynamicRef": f"#{name}"}, inner.instances)
    document.define({**inner.schema, "$anchor": name})
    return Drawn({"$ref": f"#{name}"}, inner.instances)


def _identified(document: _Document, depth: int) -> Drawn:
    """A reference to a resource inside the document, which other references do not leave."""
    inner = _schema(document, depth)
    if not isinstance(inner.schema, dict) or "#" in repr(inner.schema):
        return inner
    name = f"resource{len(document.definitions)}.json"
    keyword = "id" if document.draft == 4 else "$id"
    if keyword in inner.schema or "$ref" in inner.schema:  # beside which an id may mean nothing
        return inner
    document.define({**inner.schema, keyword: name})
    return Drawn({"$ref": name}, inner.instances)


def _conditional(document: _Document, depth: int) -> Drawn:
    """``if`` decides what a property is; drafts before 7 do not know it, and take either."""
    one, other = _schema(document, depth), _schema(document, depth)
    schema = {
        "properties": {"kind": {"enum": ["x", "y"]}},
        "required": ["kind", "of"],
        "if": {"properties": {"kind": {"enum": ["x"]}}},
        "then": {"properties": {"of": one.schema}},
        "else": {"properties": {"of": other.schema}},
        "dependentSchemas": {"more": {"properties": {"more": {"type": "integer"}}}},
    }
    more = {"more": st.integers()}
    return Drawn(
        {"type": "object", **schema},
        st.fixed_dictionaries({"kind": st.just("x"), "of": one.instances}, optional=more)
        | st.fixed_dictionaries({"kind": st.just("y"), "of": other.instances}, optional=more),
    )


def _recursive(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, min(depth, 1))
    node: dict[str, Any] = {"type": "object", "properties": {"item": inner.schema}}
    reference = {"$ref": document.define(node)}
    node["properties"]["next"] = reference
    node["properties"]["children"] = {"type": "array", "items": reference}
    if document.draw(st.booleans()):
        node["additionalProperties"] = False
    leaf = st.fixed_dictionaries({}, optional={"item": inner.instances})
    instances = st.recursive(
        leaf,
        lambda below: st.fixed_dictionaries(
            {}, optional={"item": inner.instances, "next": below,
                          "children": st.lists(below, max_size=2)}
        ),
        max_leaves=4,
    )  # fmt: skip
    return Drawn(reference, instances)


def _list(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, depth)
    return Drawn({"type": "array", "items": inner.schema}, st.lists(inner.instances, max_size=3))


def _tuple(document: _Document, depth: int) -> Drawn:
    parts = [_schema(document, depth), _schema(document, depth)]
    keyword = "prefixItems" if document.draft == 2020 else "items"
    schema = {"type": "array", keyword: [part.schema for part in parts]}
    return Drawn(schema, st.tuples(*(part.instances for part in parts)).map(list))


def _map(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, depth)
    schema = {"type": "object", "additionalProperties": inner.schema}
    return Drawn(schema, st.dictionaries(NAMES, inner.instances, max_size=3))


def _patterned(document: _Document, depth: int) -> Drawn:
    inner = _schema(document, depth)
    schema = {
        "type": "object",
        "patternProperties": {"^p_": inner.schema},
        "additionalProperties": False,
    }
    keys = st.from_regex("^p_[a-z]{0,3}$", fullmatch=True).map(lambda key: key.rstrip("\n"))
    return Drawn(schema, st.dictionaries(keys, inner.instances, max_size=3))


def _object(document: _Document, depth: int) -> Drawn:
    draw = document.draw
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    parts = {name: _schema(document, depth) for name in names}
    required = [name for name in names if draw(st.booleans())]
    schema: dict[str, Any] = {"properties": {name: part.schema for name, part in parts.items()}}
    if draw(st.booleans()) or not names:
        schema["type"] = "object"
    if required:
        schema["required"] = required
    known = st.fixed_dictionaries(
        {name: parts[name].instances for name in required},
        optional={name: parts[name].instances for name in names if name not in required},
    )
    extra = _extra_properties(document, schema, depth)
    objects = st.tuples(extra, known).map(lambda both: {**both[0], **both[1]})
    return Drawn(schema, objects if "type" in schema else objects | SCALARS)


def _extra_properties(document: _Document, schema: dict[str, Any], depth: int) -> Values:
    """Closes the object, or leaves it open for some values; instances of what may be added."""
    names = schema["properties"]
    free = NAMES.filter(lambda name: name not in names)
    match document.draw(st.sampled_from(["closed", "open", "typed"])):
        case "closed":
            schema["additionalProperties"] = False
            return st.just({})
        case "open":
            return st.dictionaries(free, ANYTHING, max_size=2)
        case _:
            inner = _schema(document, depth)
            schema["additionalProperties"] = inner.schema
            return st.dictionaries(free, inner.instances, max_size=2)


_LEAVES: tuple[Callable[[_Document, int], Drawn], ...] = (
    _anything, _plain("string", TEXTS), _integer, _plain("number", NUMBERS),
    _plain("boolean", st.booleans()), _plain("null", st.none()), _formatted("date-time", TIMES),
    _formatted("date", DAYS), _formatted("uuid", UUIDS), _formatted("email", TEXTS),
    _untyped_format, _bounded, _enum, _const, _several_types,
)  # fmt: skip

_INNER: tuple[Callable[[_Document, int], Drawn], ...] = (
    _nullable, _union, _tagged, _all_of, _reference, _anchored, _identified,
    _conditional, _recursive, _list, _tuple, _map,
    _patterned, _object, _object, _object,
)  # fmt: skip
