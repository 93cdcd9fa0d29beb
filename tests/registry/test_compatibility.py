"""Avro schema resolution: rule by rule, against real decoding, and level by level.

Each row of the table is tried on data as well: what counts as compatible decodes, and what does not
fails for at least one datum.
"""

from __future__ import annotations

import copy
import io
import json
from dataclasses import dataclass
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from registry.compatibility import (
    Finding,
    Incompatibility,
    Kind,
    Level,
    check,
    incompatibilities,
    resolve,
)
from registry.errors import InvalidSchemaError
from ugc.local.registry import validity

Schema = Any


def record(*fields: dict[str, Any], name: str = "R", **attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **attributes}


def field(name: str, of_type: Schema, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "type": of_type, **attributes}


def enum(*symbols: str, name: str = "E", **attributes: Any) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **attributes}


def fixed(size: int, name: str = "F", **attributes: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **attributes}


def array(items: Schema) -> dict[str, Any]:
    return {"type": "array", "items": items}


def mapping(values: Schema) -> dict[str, Any]:
    return {"type": "map", "values": values}


def compare(reader: Schema, writer: Schema) -> list[tuple[str, str]]:
    found = incompatibilities(resolve(reader), resolve(writer))
    return [(each.kind.value, each.path) for each in found]


def decode(reader: Schema, writer: Schema, datum: Any) -> Any:
    """What ``reader`` makes of a datum of ``writer``; only whole data count as read."""
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(writer), datum)
    source = io.BytesIO(written.getvalue())
    value = fastavro.schemaless_reader(
        source, fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    )
    assert source.read() == b""
    return value


X_INT = field("x", "int")

COMPATIBLE: dict[str, tuple[Schema, Schema, Any]] = {
    "same primitive": ("string", "string", "a"),
    "int as long": ("long", "int", 1),
    "int as float": ("float", "int", 1),
    "int as double": ("double", "int", 1),
    "long as float": ("float", "long", 1),
    "long as double": ("double", "long", 1),
    "float as double": ("double", "float", 0.5),
    "string as bytes": ("bytes", "string", "a"),
    "bytes as string": ("string", "bytes", b"a"),
    "attributes say nothing": ({"type": "int", "x": 1}, "int", 1),
    "array": (array("long"), array("int"), [1]),
    "map": (mapping("long"), mapping("int"), {"a": 1}),
    "field removed": (record(), record(X_INT), {"x": 1}),
    "field with default added": (record(field("y", "int", default=1)), record(), {}),
    "default null counts": (record(field("y", "null", default=None)), record(), {}),
    "fields in another order": (
        record(field("y", "string"), X_INT),
        record(X_INT, field("y", "string")),
        {"x": 1, "y": "a"},
    ),
    "field renamed with an alias": (
        record(field("y", "int", aliases=["x"])), record(X_INT), {"x": 1}
    ),
    "record renamed with an alias": (
        record(X_INT, name="new.S", aliases=["old.R"]), record(X_INT, name="old.R"), {"x": 1}
    ),
    "alias is in the namespace of the name": (
        record(X_INT, name="n.S", aliases=["R"]), record(X_INT, name="n.R"), {"x": 1}
    ),
    "namespace does not count": (record(X_INT, name="a.R"), record(X_INT, name="b.R"), {"x": 1}),
    "enum symbol added": (enum("A", "B"), enum("A"), "A"),
    "unknown symbol has a default": (enum("A", default="A"), enum("A", "B"), "B"),
    "symbols in another order": (enum("B", "A"), enum("A", "B"), "A"),
    "fixed": (fixed(2), fixed(2), b"ab"),
    "type into a union": (["null", "int"], "int", 1),
    "type into a union, promoted": (["null", "double"], "int", 1),
    "branch added": (["null", "int", "string"], ["null", "int"], 1),
    "branches in another order": (["int", "null"], ["null", "int"], 1),
    "branches promoted": (["null", "double"], ["int", "null", "float"], 1),
    "union of one into its type": ("int", ["int"], 1),
    "union into what reads all of it": ("double", ["int", "float"], 1),
    "union without branches": ("int", [], None),
    "named branch under another namespace": (
        ["null", record(X_INT, name="a.R")], record(X_INT, name="b.R"), {"x": 1}
    ),
    "array into a union": (["null", array("long")], array("int"), [1]),
    "recursion": (
        record(field("next", ["null", "R"]), field("y", "int", default=0)),
        record(field("next", ["null", "R"])),
        {"next": {"next": None}},
    ),
    "decimal": (
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        b"\x01",
    ),
    "decimal as what it is made of": (
        "bytes", {"type": "bytes", "logicalType": "decimal", "precision": 4}, b"\x01"
    ),
    "an impossible decimal is bytes": (
        {"type": "bytes", "logicalType": "decimal", "precision": 4},
        {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3},
        None,
    ),
}  # fmt: skip

WITHOUT_DATA = {"union without branches", "an impossible decimal is bytes"}


@pytest.mark.parametrize("name", COMPATIBLE)
def test_compatible(name: str) -> None:
    reader, writer, datum = COMPATIBLE[name]
    assert compare(reader, writer) == []
    if name not in WITHOUT_DATA:
        decode(reader, writer, datum)


MISSING_DEFAULT = "READER_FIELD_MISSING_DEFAULT_VALUE"
AB = record(field("a", "int"), field("b", "int"))

INCOMPATIBLE: dict[str, tuple[Schema, Schema, Any, list[tuple[str, str]]]] = {
    "long as int": ("int", "long", 1, [("TYPE_MISMATCH", "/")]),
    "double as float": ("float", "double", 1, [("TYPE_MISMATCH", "/")]),
    "int as string": ("string", "int", 1, [("TYPE_MISMATCH", "/")]),
    "int as boolean": ("boolean", "int", 1, [("TYPE_MISMATCH", "/")]),
    "null as int": ("int", "null", None, [("TYPE_MISMATCH", "/")]),
    "array as map": (mapping("int"), array("int"), [1], [("TYPE_MISMATCH", "/")]),
    "items": (array("int"), array("string"), ["a"], [("TYPE_MISMATCH", "/items")]),
    "values": (mapping("int"), mapping("string"), {"a": "a"}, [("TYPE_MISMATCH", "/values")]),
    "bytes as fixed": (fixed(1), "bytes", b"a", [("TYPE_MISMATCH", "/")]),
    "field without default added": (
        record(X_INT, field("y", "int")), record(X_INT), {"x": 1}, [(MISSING_DEFAULT, "/fields/1")]
    ),
    "the default of an enum is not one of the field": (
        record(field("y", enum("A", default="A"))), record(), {}, [(MISSING_DEFAULT, "/fields/0")]
    ),
    "field of another type": (
        record(field("x", "string")), record(X_INT), {"x": 1}, [("TYPE_MISMATCH", "/fields/0/type")]
    ),
    "several at once": (
        record(field("x", "string"), field("y", "int")), record(X_INT), {"x": 1},
        [("TYPE_MISMATCH", "/fields/0/type"), (MISSING_DEFAULT, "/fields/1")],
    ),
    "an alias of the writer does not count": (
        record(X_INT), record(field("y", "int", aliases=["x"])), {"y": 1},
        [(MISSING_DEFAULT, "/fields/0")],
    ),
    "a field that may be either of two": (
        record(field("a", "int", aliases=["b"])), AB, {"a": 1, "b": 2},
        [("NAME_MISMATCH", "/fields/0")],
    ),
    "two fields that ask for one": (
        record(field("c", "int", aliases=["a"]), field("d", "int", aliases=["a"])), AB,
        {"a": 1, "b": 2},
        [(MISSING_DEFAULT, "/fields/0"), (MISSING_DEFAULT, "/fields/1")],
    ),
    "a field by its name, and one by its alias": (
        record(field("a", "int"), field("c", "int", aliases=["a"])), record(field("a", "int")),
        {"a": 1},
        [(MISSING_DEFAULT, "/fields/0"), (MISSING_DEFAULT, "/fields/1")],
    ),
    "record renamed": (
        record(name="S"), record(name="R"), {}, [("NAME_MISMATCH", "/name")]
    ),
    "alias in another namespace": (
        record(name="n.S", aliases=["R"]), record(name="m.R"), None, [("NAME_MISMATCH", "/name")]
    ),
    "enum renamed": (enum("A", name="G"), enum("A"), "A", [("NAME_MISMATCH", "/name")]),
    "symbol removed": (enum("A"), enum("A", "B"), "B", [("MISSING_ENUM_SYMBOLS", "/symbols")]),
    "fixed renamed": (fixed(1, "G"), fixed(1), b"a", [("NAME_MISMATCH", "/name")]),
    "another size": (fixed(2), fixed(1), b"a", [("FIXED_SIZE_MISMATCH", "/size")]),
    "name and size": (
        fixed(2, "G"), fixed(1), b"a",
        [("NAME_MISMATCH", "/name"), ("FIXED_SIZE_MISMATCH", "/size")],
    ),
    "branch removed": (["null"], ["null", "int"], 1, [("MISSING_UNION_BRANCH", "/1")]),
    "type not in the union": (["null", "int"], "string", "a", [("MISSING_UNION_BRANCH", "/")]),
    "union out of a union": ("int", ["null", "int"], None, [("TYPE_MISMATCH", "/")]),
    "inside a branch": (
        ["null", record(field("x", "string"))], ["null", record(X_INT)], {"x": 1},
        [("TYPE_MISMATCH", "/1/fields/0/type")],
    ),
    "inside a branch of a field": (
        record(field("f", ["null", record(field("y", "int"), name="S")])),
        record(field("f", ["null", record(name="S")])), {"f": {}},
        [(MISSING_DEFAULT, "/fields/0/type/1/fields/0")],
    ),
    "fixed of another size in a union": (
        ["null", fixed(2)], fixed(1), b"a", [("MISSING_UNION_BRANCH", "/")]
    ),
    "array of something else in a union": (
        ["null", array("string")], array("int"), [1], [("MISSING_UNION_BRANCH", "/")]
    ),
    "recursion, told once": (
        record(field("next", ["null", "R"]), field("y", "int")),
        record(field("next", ["null", "R"])), {"next": None},
        [(MISSING_DEFAULT, "/fields/1")],
    ),
    "scale": (
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1},
        None, [("TYPE_MISMATCH", "/")],
    ),
    "precision of a fixed": (
        fixed(4, logicalType="decimal", precision=5), fixed(4, logicalType="decimal", precision=4),
        None, [("TYPE_MISMATCH", "/")],
    ),
}  # fmt: skip

READ_NEVERTHELESS = {
    # fastavro looks at the name of a record only where there are others to choose from, takes an
    # alias without regard to namespaces, and does not look at decimals.
    "record renamed", "alias in another namespace", "scale", "precision of a fixed",
}  # fmt: skip


@pytest.mark.parametrize("name", INCOMPATIBLE)
def test_incompatible(name: str) -> None:
    reader, writer, datum, expected = INCOMPATIBLE[name]
    assert compare(reader, writer) == expected
    if name not in READ_NEVERTHELESS:
        with pytest.raises((fastavro.read.SchemaResolutionError, KeyError)):
            decode(reader, writer, datum)


def test_details_name_what_is_missing() -> None:
    def details(reader: Schema, writer: Schema) -> list[str]:
        return [each.detail for each in incompatibilities(resolve(reader), resolve(writer))]

    assert details("int", "string") == ["reader type: INT not compatible with writer type: STRING"]
    assert details(["null"], record()) == ["reader union lacking writer type: RECORD"]
    assert details(enum("A"), enum("A", "C", "B")) == ["[B, C]"]
    assert details(fixed(2), fixed(1)) == ["expected: 1, found: 2"]
    assert details(record(name="S"), record(name="a.R")) == ["expected: a.R"]
    assert details(record(X_INT), record()) == ["x"]
    assert details(INCOMPATIBLE["scale"][0], INCOMPATIBLE["scale"][1]) == [
        "reader type: DECIMAL(4, 2) not compatible with writer type: DECIMAL(4, 1)"
    ]


def test_a_type_that_fits_in_name_is_not_hidden_by_one_of_another_namespace() -> None:
    both = [record(X_INT, name="a.R"), record(field("x", "string"), name="b.R")]
    assert compare(both, both) == []
    assert compare(both, both[1]) == []


def test_a_schema_that_cannot_be_resolved_is_told() -> None:
    for schema in ("nope", {"type": "nope"}, {"type": ["null"]}, {}, 1, [["x"]], record({})):
        with pytest.raises(InvalidSchemaError):
            resolve(schema)
    with pytest.raises(InvalidSchemaError, match="twice"):
        resolve([record(), array(record())])


# Schemas for the comparison with real decoding. A node is the name of a primitive, ("array", node),
# ("map", node), ("union", nodes) or ("ref", key); named types stand in a table by key, so that a
# change of one keeps what refers to it. Only an optional reference may lead back.

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
OPTIONAL_R0 = ("union", ("null", ("ref", "R0")))
KEYS = ("E", "F", "R1", "R0")
Node = Any
Table = dict[str, dict[str, Any]]


@dataclass
class Pair:
    reader: Schema
    writer: Schema
    data: st.SearchStrategy[Any]


def union(branches: list[Node]) -> Node:
    """A union of distinct branches, none of which is a union."""
    distinct: dict[Any, Node] = {}
    for each in branches:
        for branch in each[1] if each[0] == "union" else [each]:
            distinct.setdefault(branch[0] if branch[0] in ("array", "map") else branch, branch)
    return ("union", tuple(distinct.values()))


def nodes(keys: tuple[str, ...]) -> st.SearchStrategy[Node]:
    """A type that refers to the named types under ``keys``, and optionally to the record R0."""
    references = [st.tuples(st.just("ref"), st.sampled_from(keys))] if keys else []
    leaves = st.one_of(st.sampled_from(PRIMITIVES), st.just(OPTIONAL_R0), *references)
    unions = st.lists(leaves, min_size=1, max_size=3).map(union)
    inner = st.one_of(leaves, unions)
    return st.one_of(leaves, unions, st.tuples(st.sampled_from(["array", "map"]), inner))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    symbols = st.lists(st.sampled_from("ABCD"), min_size=1, max_size=4, unique=True)
    table: Table = {
        "E": {"type": "enum", "symbols": draw(symbols)},
        "F": {"type": "fixed", "size": draw(st.integers(1, 3))},
    }
    for key in ("R1", "R0"):
        names = draw(st.lists(st.sampled_from("abcde"), max_size=3, unique=True))
        keys = tuple(table)
        table[key] = {
            "type": "record",
            "fields": [{"name": name, "type": draw(nodes(keys))} for name in names],
        }
    prefix = draw(st.sampled_from(["", "n."]))
    return {key: {**each, "name": prefix + key} for key, each in table.items()}


def render(node: Node, table: Table, defined: set[str]) -> Schema:
    match node:
        case str():
            return node
        case ("array", items):
            return array(render(items, table, defined))
        case ("map", values):
            return mapping(render(values, table, defined))
        case ("union", branches):
            return [render(branch, table, defined) for branch in branches]
    key = node[1]
    if key in defined:
        return table[key]["name"]
    defined.add(key)
    named = {**table[key]}
    if "fields" in named:
        named["fields"] = [
            {**each, "type": render(each["type"], table, defined)} for each in named["fields"]
        ]
    return named


def data_of(node: Node, table: Table, depth: int = 3) -> st.SearchStrategy[Any]:
    match node:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "int":
            return st.integers(-(2**31), 2**31 - 1)
        case "long":
            return st.integers(-(2**63), 2**63 - 1)
        case "float":
            return st.floats(width=32)
        case "double":
            return st.floats()
        case "string":
            return st.text(max_size=5)
        case "bytes":  # only those of texts can be read as a string
            return st.text(max_size=5).map(str.encode)
        case ("array", items):
            return st.lists(data_of(items, table, depth - 1), max_size=max(0, min(depth, 2)))
        case ("map", values):
            inner = data_of(values, table, depth - 1)
            return st.dictionaries(st.text(max_size=2), inner, max_size=max(0, min(depth, 2)))
        case ("union", branches):
            allowed = [each for each in branches if depth > 0 or each != ("ref", "R0")]
            return st.one_of([data_of(each, table, depth - 1) for each in allowed])
    match table[node[1]]:
        case {"symbols": symbols}:
            return st.sampled_from(symbols)
        case {"size": size}:
            return st.binary(min_size=size, max_size=size)
        case {"fields": fields}:
            of_fields = {each["name"]: each["type"] for each in fields}
            return st.deferred(
                lambda: st.fixed_dictionaries(
                    {name: data_of(of, table, depth - 1) for name, of in of_fields.items()}
                )
            )
    raise AssertionError(node)


def changed_node(draw: st.DrawFn, node: Node) -> Node:
    wider = {
        "int": "long",
        "long": "double",
        "float": "double",
        "string": "bytes",
        "bytes": "string",
    }
    options: list[Node] = [union(["null", node]), union([node, "string"]), ("array", node), "int"]
    match node:
        case str() if node in wider:
            options += [wider[node]] * 3
        case ("array" | "map", inner):
            options += [(node[0], changed_node(draw, inner))] * 3
        case ("union", branches):
            options += [union(branches[::-1]), union(branches[1:] or ["int"])]
            options += [union([changed_node(draw, branches[0]), *branches[1:]])] * 3
    return draw(st.sampled_from(options))


def change_fields(draw: st.DrawFn, named: dict[str, Any]) -> None:
    fields = named["fields"]
    unused = next(name for name in "fghij" if name not in [each["name"] for each in fields])
    change = draw(st.sampled_from(["default", "no default", "remove", "alias", "rename", "type"]))
    if change == "default":
        default, of_type = draw(st.sampled_from([(0, "int"), (None, OPTIONAL_R0), ("", "bytes")]))
        fields.insert(0, {"name": unused, "type": of_type, "default": default})
    elif change == "no default":
        fields.append({"name": unused, "type": "int"})
    elif fields:
        index = draw(st.integers(0, len(fields) - 1))
        before = fields.pop(index)
        if change == "type":
            fields.append({**before, "type": changed_node(draw, before["type"])})
        elif change != "remove":
            aliases = {"aliases": [before["name"]]} if change == "alias" else {}
            fields.append({**before, "name": unused, **aliases})


def change_named(draw: st.DrawFn, named: dict[str, Any]) -> None:
    change = draw(st.sampled_from(["inside", "inside", "inside", "alias", "rename"]))
    match change, named:
        case "inside", {"symbols": [first, *_]}:
            named["symbols"] = draw(st.permutations(["A", "B", "C", "D", "Z"]))[:4]
            if draw(st.booleans()):
                named["symbols"] = list(dict.fromkeys([first, *named["symbols"]]))
                named["default"] = first
        case "inside", {"size": size}:
            named["size"] = size + 1
        case "inside", _:
            change_fields(draw, named)
        case _, {"name": name}:
            named["name"] = name + "x"
            if change == "alias":
                named["aliases"] = [name]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """A writer, and a reader that was made of it by a few changes."""
    table = draw(tables())
    root = draw(st.one_of(st.just(("ref", "R0")), nodes(KEYS)))
    changed_table, changed_root = copy.deepcopy(table), root
    for key in draw(st.lists(st.sampled_from(["root", *KEYS]), min_size=1, max_size=3)):
        if key == "root":
            changed_root = changed_node(draw, changed_root)
        else:
            change_named(draw, changed_table[key])
    if draw(st.booleans()):  # all or none: no name without a namespace is within reach of one with
        for each in changed_table.values():
            each["name"] = "other." + each["name"].rpartition(".")[2]
    return Pair(
        reader=render(changed_root, changed_table, set()),
        writer=render(root, table, set()),
        data=data_of(root, table),
    )


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs(), st.data())
def test_what_counts_as_compatible_decodes(pair: Pair, data: st.DataObject) -> None:
    reader, writer = resolve(pair.reader), resolve(pair.writer)
    for schema, types in ((pair.reader, reader), (pair.writer, writer)):
        validity.check_document(schema)
        validity.check_unions(types)
        validity.check_defaults(types)
        assert incompatibilities(types, types) == ()
    found = incompatibilities(reader, writer)
    event(found[0].kind if found else "compatible")
    if not found:
        for _ in range(3):
            decode(pair.reader, pair.writer, data.draw(pair.data))


V1 = record(X_INT)
V2 = record(X_INT, field("y", "int", default=0))
V3 = record(X_INT, field("y", "int"))


def judge(level: Level, new: Schema, *earlier: Schema) -> list[tuple[int, str, str]]:
    findings = check(level, resolve(new), [resolve(each) for each in earlier])
    return [(each.index, each.reader, each.incompatibility.kind) for each in findings]


MISSING = Kind.READER_FIELD_MISSING_DEFAULT_VALUE


@pytest.mark.parametrize(
    ("level", "new", "earlier", "expected"),
    [
        (Level.NONE, "string", [V1], []),
        (Level.BACKWARD, V3, [V1, V2], []),
        (Level.BACKWARD, V3, [V2, V1], [(1, "new", MISSING)]),
        (Level.BACKWARD, V3, [], []),
        (Level.BACKWARD_TRANSITIVE, V3, [V1, V2], [(0, "new", MISSING)]),
        (Level.BACKWARD_TRANSITIVE, V2, [V1, V3], []),
        (Level.FORWARD, V1, [V3, V2], []),
        (Level.FORWARD, V1, [V2, V3], [(1, "old", MISSING)]),
        (Level.FORWARD_TRANSITIVE, V1, [V3, V2], [(0, "old", MISSING)]),
        (Level.FORWARD_TRANSITIVE, V3, [V1, V2], []),
        (Level.FULL, V2, [V3, V1], []),
        (Level.FULL, V3, [V1], [(0, "new", MISSING)]),
        (Level.FULL, V1, [V3], [(0, "old", MISSING)]),
        (Level.FULL_TRANSITIVE, V2, [V1, V3], []),
        (Level.FULL_TRANSITIVE, V1, [V3, V1, V2, V3], [(3, "old", MISSING), (0, "old", MISSING)]),
        (Level.FULL, "int", ["string"], [(0, "old", "TYPE_MISMATCH"), (0, "new", "TYPE_MISMATCH")]),
    ],
)
def test_levels(level: Level, new: Schema, earlier: list[Schema], expected: list[Any]) -> None:
    assert judge(level, new, *earlier) == expected


def test_a_description_says_which_schema_is_which() -> None:
    problem = Incompatibility(Kind.READER_FIELD_MISSING_DEFAULT_VALUE, "/fields/1", "y")
    assert Finding(0, "new", problem).description() == (
        "the new schema has a field without a default that the old schema lacks: y at /fields/1"
    )
    assert Finding(0, "old", problem).description().startswith("the old schema has a field")
    assert "reader's" in problem.description()


def test_every_kind_has_a_description() -> None:
    assert all(Incompatibility(kind, "/", "d").description() for kind in Kind)


def test_deep_schemas_are_compared() -> None:
    deep: Schema = "int"
    for _ in range(150):
        deep = array(deep)
    assert compare(deep, json.loads(json.dumps(deep))) == []
