"""Random contracts of the dialect, and random changes of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

NAMES = ("a", "b", "c", "d")
_WORDS = ("alpha", "beta", "gamma", "delta")
_WHOLE = (1, 2, 2.0, 3, 5)
_PATTERNS = ("^[a-z]{1,4}$", "^[a-z]+$", "^[0-9]{2}$")
_DEEPEST = 2


def contracts() -> st.SearchStrategy[Schema]:
    """Contracts of an event that has a table of its own."""
    return _contracts()


@st.composite
def _contracts(draw: Draw) -> Schema:
    """Now and then of an event that says no more than that it happened."""
    names = draw(_some_names()) if draw(st.integers(0, 19)) else []
    properties = {name: draw(values()) for name in names}
    required = draw(_subset(tuple(properties))) if properties else []
    table: Schema = {}
    keyed = [n for n in required if properties[n].get("type") in ("string", "integer")]
    if keyed and draw(_rarely()):
        table["key"] = [draw(st.sampled_from(keyed))]
    if draw(_rarely()):
        table["retention_days"] = draw(st.sampled_from([10_000, 20_000]))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Random",
        "description": "A random contract.",
        "x-owner": "tests",
        "x-origin": "client",
        "x-table": table,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required,
        "$defs": {
            "word": {"type": "string", "maxLength": draw(st.integers(3, 9))},
            "other": {"type": "integer", "minimum": draw(st.integers(0, 3))},
        },
    }


def values(depth: int = 0) -> st.SearchStrategy[Schema]:
    """Schemas of one value."""
    kinds = [_string, _string, _formatted, _choice, _integer, _number, _boolean, _reference]
    kinds += [_decimal]
    if depth < _DEEPEST:
        kinds += [_array, _record, _map]
    return st.one_of([kind(depth) for kind in kinds])


def _rarely() -> st.SearchStrategy[bool]:
    return st.sampled_from([False, False, False, True])


def _some_names() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)


def _subset(names: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True).map(sorted)


def _finish(draw: Draw, schema: Schema) -> Schema:
    if draw(_rarely()):
        schema["type"] = [schema["type"], "null"]
    return {**schema, "description": "A value."}


@st.composite
def _string(draw: Draw, _depth: int) -> Schema:
    schema: Schema = {"type": "string"}
    match draw(st.sampled_from(["bounds", "plain", "pattern", "categorical"])):
        case "bounds":
            schema |= {"minLength": draw(st.integers(0, 2)), "maxLength": draw(st.integers(2, 12))}
        case "pattern":
            schema["pattern"] = draw(st.sampled_from(_PATTERNS))
        case "categorical":
            schema["x-categorical"] = True
    return _finish(draw, schema)


@st.composite
def _formatted(draw: Draw, _depth: int) -> Schema:
    schema: Schema = {"type": "string", "format": draw(_formats())}
    if schema["format"] == "date-time" and draw(st.booleans()):
        schema["x-precision"] = draw(st.sampled_from(["millis", "micros"]))
    return _finish(draw, schema)


def _formats() -> st.SearchStrategy[str]:
    return st.sampled_from(["uuid", "date-time", "date", "email"])


@st.composite
def _choice(draw: Draw, _depth: int) -> Schema:
    words = draw(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4, unique=True))
    schema: Schema = {"type": "string", "enum": words}
    match draw(st.sampled_from(["list", "list", "one", "both", "numbers"])):
        case "one":
            schema = {"type": "string", "const": words[0]}
        case "both":
            schema["const"] = words[0]
        case "numbers":
            return {"type": "integer", "enum": draw(_numbers()), "description": "A value."}
        case _:
            pass
    if draw(st.booleans()):
        schema["x-categorical"] = True
    return {**schema, "description": "A value."}


def _numbers() -> st.SearchStrategy[list[float]]:
    return st.lists(st.sampled_from(_WHOLE), min_size=1, max_size=3, unique=True)


@st.composite
def _reference(draw: Draw, _depth: int) -> Schema:
    schema: Schema = {"$ref": f"#/$defs/{draw(st.sampled_from(['word', 'other']))}"}
    if schema["$ref"].endswith("word") and draw(st.booleans()):
        schema["minLength"] = 1
    return {**schema, "description": "A value."}


@st.composite
def _integer(draw: Draw, _depth: int) -> Schema:
    schema: Schema = {"type": "integer"}
    if draw(st.booleans()):
        schema["minimum"] = draw(st.integers(-5, 0))
    if draw(st.booleans()):
        schema["maximum"] = draw(st.integers(20, 40))
    if draw(_rarely()):
        schema["multipleOf"] = draw(st.sampled_from([2, 4]))
    return _finish(draw, schema)


@st.composite
def _number(draw: Draw, _depth: int) -> Schema:
    schema: Schema = {"type": "number"}
    if draw(st.booleans()):
        schema |= {"minimum": draw(st.integers(-5, 0)), "maximum": draw(st.integers(1, 9))}
    if draw(_rarely()):
        schema["multipleOf"] = draw(st.sampled_from([0.5, 0.25, 1]))
    return _finish(draw, schema)


@st.composite
def _decimal(draw: Draw, _depth: int) -> Schema:
    precision = draw(st.sampled_from([3, 9, 10, 18, 19, 38]))
    forms: list[Any] = ["string", "number", ["string", "number"], ["string", "number", "null"]]
    schema: Schema = {"type": draw(st.sampled_from(forms))}
    schema["x-decimal"] = {"precision": precision, "scale": draw(st.integers(0, min(4, precision)))}
    if draw(st.booleans()):
        schema |= {"minimum": draw(st.sampled_from([-1, 0, 0])), "maximum": 9}
        schema["x-decimal"]["scale"] = min(schema["x-decimal"]["scale"], precision - 1)
    return {**schema, "description": "A value."}


@st.composite
def _boolean(draw: Draw, _depth: int) -> Schema:
    return _finish(draw, {"type": "boolean"})


@st.composite
def _array(draw: Draw, depth: int) -> Schema:
    schema: Schema = {"type": "array", "items": draw(values(depth + 1))}
    if draw(_rarely()):
        schema |= {"minItems": draw(st.integers(0, 1)), "maxItems": draw(st.integers(3, 5))}
    if draw(_rarely()):
        schema["uniqueItems"] = True
    return _finish(draw, schema)


@st.composite
def _record(draw: Draw, depth: int) -> Schema:
    properties = {name: draw(values(depth + 1)) for name in draw(_some_names())}
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": draw(_subset(tuple(properties))),
    }
    match draw(st.sampled_from(["closed", "closed", "closed", "open", "map"])):
        case "closed":
            schema["additionalProperties"] = False
        case "map":
            schema["additionalProperties"] = draw(values(_DEEPEST))
        case _:
            pass
    return _finish(draw, schema)


@st.composite
def _map(draw: Draw, depth: int) -> Schema:
    return _finish(draw, {"type": "object", "additionalProperties": draw(values(depth + 1))})


def with_unknown_fields(draw: Draw, schema: Mapping[str, Any], value: Any) -> Any:
    """``value`` with fields that no contract names, wherever an object of ``schema`` is open."""
    match value:
        case list() if "items" in schema:
            return [with_unknown_fields(draw, schema["items"], item) for item in value]
        case dict():
            known, extra = schema.get("properties", {}), schema.get("additionalProperties", True)
            found = {
                name: with_unknown_fields(draw, known.get(name, extra), inner)
                for name, inner in value.items()
            }
            if extra is True:
                name = draw(st.sampled_from([*NAMES, "e", "renamed"]))
                found.setdefault(name, draw(st.sampled_from([1, "x", None, []])))
            return found
        case _:
            return value


def mutations(contract: Schema) -> st.SearchStrategy[Schema]:
    """Contracts that differ from ``contract`` by one to three changes, which may be harmless."""
    return _mutations(contract)


@st.composite
def _mutations(draw: Draw, contract: Schema) -> Schema:
    new = copy.deepcopy(contract)
    for _ in range(draw(st.integers(1, 3))):
        if draw(_rarely()):
            draw(st.sampled_from(_ROOT_CHANGES))(draw, new)
            continue
        places = [new, *_places(new)]
        place = draw(st.sampled_from(places))
        if not place.get("properties", True):
            draw(st.sampled_from([_add_property, _add_required]))(draw, place)
        elif "properties" in place and draw(st.booleans()):
            draw(st.sampled_from(_OBJECT_CHANGES))(draw, place)
        elif place is not new:
            draw(st.sampled_from(_VALUE_CHANGES))(draw, place)
    return new


def _places(schema: Mapping[str, Any]) -> Iterator[Schema]:
    """Every value schema inside of one."""
    inner = [*schema.get("properties", {}).values()]
    inner += [
        schema[key]
        for key in ("items", "additionalProperties")
        if isinstance(schema.get(key), dict)
    ]
    for each in inner:
        yield each
        yield from _places(each)


Change = Callable[[Draw, Schema], None]


def _kinds(place: Schema) -> list[str]:
    declared = place.get("type", [])
    return [declared] if isinstance(declared, str) else list(declared)


def _toggle_null(_draw: Draw, place: Schema) -> None:
    kinds = _kinds(place)
    if "null" in kinds:
        place["type"] = next(kind for kind in kinds if kind != "null")
    elif kinds:
        place["type"] = [*kinds, "null"]


def _bound(draw: Draw, place: Schema) -> None:
    by_kind = {
        "string": ("minLength", "maxLength"),
        "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        "array": ("minItems", "maxItems"),
        "object": ("minProperties", "maxProperties"),
    }
    keys = [key for kind in _kinds(place) for key in by_kind.get(kind, ())]
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    if key in place and draw(_rarely()):
        del place[key]
    elif key in place:
        step = draw(st.sampled_from([-2, -1, 1, 2]))
        place[key] = max(1 if key == "multipleOf" else 0, place[key] + step)
    else:
        place[key] = draw(st.integers(1, 6))


def _drop_keyword(draw: Draw, place: Schema) -> None:
    droppable = sorted(place.keys() - {"type", "properties", "required", "description"})
    if droppable:
        del place[draw(st.sampled_from(droppable))]


def _loosen(_draw: Draw, place: Schema) -> None:
    for key in ("maxLength", "maximum", "maxItems"):
        if key in place:
            place[key] += 3
    for key in ("minLength", "minItems"):
        place.pop(key, None)
    if "enum" in place:
        place["enum"] = [*place["enum"], *(w for w in _WORDS if w not in place["enum"])]


def _enum(draw: Draw, place: Schema) -> None:
    if _kinds(place)[:1] == ["string"]:
        place.pop("const", None)
        place["enum"] = draw(st.lists(st.sampled_from(_WORDS), min_size=1, unique=True))


def _const(draw: Draw, place: Schema) -> None:
    if _kinds(place)[:1] == ["string"]:
        place.pop("enum", None)
        place["const"] = draw(st.sampled_from(_WORDS))


def _implied(_draw: Draw, place: Schema) -> None:
    """A bound that follows from what is there, beside it or instead of it."""
    if place.get("format") == "uuid":
        place["maxLength"] = 36
    elif "minimum" in place and _kinds(place)[:1] == ["integer"]:
        place["exclusiveMinimum"] = place.pop("minimum") - 1
    elif _kinds(place)[:1] == ["string"] and "enum" in place:
        del place["enum"]
        place["maxLength"] = 128
    else:
        by_kind = {"string": "minLength", "array": "minItems", "object": "minProperties"}
        for kind in _kinds(place):
            if kind in by_kind:
                place.setdefault(by_kind[kind], 0)


def _respelt(draw: Draw, place: Schema) -> None:
    listed = place.get("enum", [])
    if listed and not any(isinstance(value, str) for value in listed):
        place["enum"] = [*map(float, listed), *draw(st.sampled_from([[], [77]]))]
    elif "multipleOf" in place:
        place["multipleOf"] = place["multipleOf"] / draw(st.sampled_from([1, 2, 4]))


def _map_of_record(draw: Draw, place: Schema) -> None:
    """An object with known fields becomes one with any."""
    if properties := place.get("properties"):
        place["additionalProperties"] = properties[draw(st.sampled_from(sorted(properties)))]
        if draw(st.booleans()):
            del place["properties"]
            place.pop("required", None)


def _list_of_text(_draw: Draw, place: Schema) -> None:
    if "items" in place:
        place["items"] = {"type": "string", "description": "A value."}


def _beside_reference(draw: Draw, place: Schema) -> None:
    if place.get("$ref") == "#/$defs/word":
        place["minLength"] = draw(st.sampled_from([0, 1, 2]))


def _format(draw: Draw, place: Schema) -> None:
    if _kinds(place)[:1] == ["string"]:
        place["format"] = draw(_formats())


def _pattern(draw: Draw, place: Schema) -> None:
    if _kinds(place)[:1] == ["string"]:
        place["pattern"] = draw(st.sampled_from(_PATTERNS))


def _digits(draw: Draw, place: Schema) -> None:
    if "x-decimal" in place:
        precision = draw(st.sampled_from([9, 12, 38]))
        scale = place["x-decimal"]["scale"] + draw(st.sampled_from([0, 0, 1]))
        place["x-decimal"] = {"precision": precision, "scale": scale}
    elif set(_kinds(place)) & {"string", "number"} and draw(_rarely()):
        place["x-decimal"] = {"precision": 9, "scale": 2}


def _categorical(draw: Draw, place: Schema) -> None:
    place["x-categorical"] = draw(st.booleans())


def _precision(draw: Draw, place: Schema) -> None:
    place["x-precision"] = draw(st.sampled_from(["millis", "micros"]))


def _unique(draw: Draw, place: Schema) -> None:
    if "array" in _kinds(place):
        place["uniqueItems"] = draw(st.booleans())


def _integer_to_number(_draw: Draw, place: Schema) -> None:
    place["type"] = [kind.replace("integer", "number") for kind in _kinds(place)]
    if len(place["type"]) < 2:
        place["type"] = place["type"][0] if place["type"] else "number"


def _replace(draw: Draw, place: Schema) -> None:
    new = draw(values(_DEEPEST - 1))
    place.clear()
    place.update(new)


def _open(_draw: Draw, place: Schema) -> None:
    if "object" in _kinds(place):
        place.pop("additionalProperties", None)


def _annotate(draw: Draw, place: Schema) -> None:
    place["description"] = draw(st.sampled_from(["Other words.", "It's `quoted` \\ 'twice'."]))
    place["x-pii"] = draw(st.sampled_from(["identifier", "free_text"]))


_VALUE_CHANGES: tuple[Change, ...] = (
    _toggle_null,
    _toggle_null,
    _bound,
    _bound,
    _loosen,
    _loosen,
    _drop_keyword,
    _enum,
    _const,
    _implied,
    _implied,
    _respelt,
    _map_of_record,
    _list_of_text,
    _beside_reference,
    _format,
    _pattern,
    _categorical,
    _digits,
    _precision,
    _unique,
    _integer_to_number,
    _replace,
    _open,
    _annotate,
)


def _add_property(draw: Draw, place: Schema) -> None:
    free = [name for name in (*NAMES, "e", "f", "g") if name not in place["properties"]]
    place["properties"][draw(st.sampled_from(free))] = draw(values(_DEEPEST - 1))


def _add_required(draw: Draw, place: Schema) -> None:
    before = set(place["properties"])
    _add_property(draw, place)
    place["required"] = sorted({*place["required"], *(place["properties"].keys() - before)})


def _remove_property(draw: Draw, place: Schema) -> None:
    if len(place["properties"]) > 1:
        name = draw(st.sampled_from(sorted(place["properties"])))
        del place["properties"][name]
        place["required"] = [other for other in place["required"] if other != name]


def _rename(draw: Draw, place: Schema) -> None:
    name = draw(st.sampled_from(sorted(place["properties"])))
    if "renamed" in place["properties"]:
        return
    place["properties"]["renamed"] = place["properties"].pop(name)
    place["required"] = ["renamed" if other == name else other for other in place["required"]]


def _toggle_required(draw: Draw, place: Schema) -> None:
    name = draw(st.sampled_from(sorted(place["properties"])))
    place["required"] = sorted({name} ^ {*place["required"]})


def _loosen_required(_draw: Draw, place: Schema) -> None:
    place["required"] = place["required"][1:]


def _reorder(_draw: Draw, place: Schema) -> None:
    place["properties"] = dict(reversed(place["properties"].items()))


_OBJECT_CHANGES: tuple[Change, ...] = (
    _add_property,
    _add_property,
    _add_required,
    _remove_property,
    _rename,
    _toggle_required,
    _loosen_required,
    _loosen_required,
    _reorder,
)


def _owner(_draw: Draw, contract: Schema) -> None:
    contract |= {"x-owner": "others", "title": "It's another"}


def _retention(draw: Draw, contract: Schema) -> None:
    days = draw(st.sampled_from([None, 10_000, 20_000]))
    contract["x-table"] = {**contract["x-table"], "retention_days": days}
    if days is None:
        del contract["x-table"]["retention_days"]


def _key(draw: Draw, contract: Schema) -> None:
    contract["x-table"] = {**contract["x-table"], "key": draw(_subset(NAMES))[:1]}


def _quality(_draw: Draw, contract: Schema) -> None:
    contract["x-quality"] = {"max_gap_ratio": 0.5}


def _definition(draw: Draw, contract: Schema) -> None:
    definitions = copy.deepcopy(contract["$defs"])
    match draw(st.sampled_from(["words", "longer", "shorter", "unrelated"])):
        case "words":
            definitions["word"]["description"] = "A word."
        case "longer":
            definitions["word"]["maxLength"] += 1
        case "shorter":
            definitions["word"]["maxLength"] -= 1
        case _:
            definitions["other"]["minimum"] += draw(st.sampled_from([-1, 1]))
    contract["$defs"] = definitions


_ROOT_CHANGES: tuple[Change, ...] = (_owner, _retention, _key, _quality, _definition)
