"""Plans that list properties with their attributes → JSON Schemas. Pure.

ODCS 3 (``schema[].properties[]``), Avo's and similar exports (``events[].properties[]``), and
Amplitude's taxonomy (``data[]`` with ``event_type`` and ``event_property``).  An attribute that
has no counterpart is put under :data:`ugc.importing.node.LOST`, so that the report names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ugc.importing.documents import Found
from ugc.importing.node import LOST

_TYPES: Mapping[str, Mapping[str, Any]] = {
    **{key: {"type": "string"} for key in ("string", "text", "str")},
    **{key: {"type": "integer"} for key in ("integer", "int", "long")},
    **{key: {"type": "number"} for key in ("number", "float", "double", "decimal", "numeric")},
    **{key: {"type": "boolean"} for key in ("boolean", "bool")},
    **{key: {"type": "object"} for key in ("object", "map", "record")},
    **{key: {"type": "array"} for key in ("array", "list")},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "enum": {"type": "string"},
}

_AMPLITUDE = {
    "is_required": "required",
    "is_array_type": "isArray",
    "enum_values": "enum",
    "regex": "pattern",
    "event_property": "name",
}

_ABOUT = frozenset(
    {
        *("name", "id", "type", "description", "logicalType", "physicalType", "physicalName"),
        *("businessName", "tags", "examples", "example", "customProperties", "classification"),
        *("authoritativeDefinitions", "primaryKey", "primaryKeyPosition", "partitioned"),
        *(
            "partitionKeyPosition",
            "criticalDataElement",
            "transformLogic",
            "deprecated",
            "synonyms",
        ),
        *("transformSourceObjects", "transformDescription", "encryptedName", "event_type"),
        *("semanticType", "relationships", "is_hidden", "classifications", "event_property"),
    }
)
"""Attributes that restrict no value."""

_TAKEN = frozenset(
    {
        *("required", "isRequired", "nullable", "isArray", "list", "enum", "allowedValues"),
        *("pattern", "min", "max", "items", "properties", "logicalTypeOptions", "quality"),
    }
)
_DATES = ("date", "date-time")
_OPTIONS = frozenset(
    {
        *("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum"),
        *("exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties"),
    }
)


def odcs_schemas(document: Mapping[str, Any]) -> Iterator[Found]:
    """Each object of the contract's schema."""
    listed = document.get("schema")
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, Mapping):
            continue
        properties = each.get("properties")
        quality = ("quality is not checked",) if each.get("quality") else ()
        yield Found(
            name=_text(each, "name"),
            description=_text(each, "description"),
            schema=_object(properties if isinstance(properties, list) else []),
            notes=quality,
        )


def listed_schema(properties: Sequence[Any]) -> dict[str, Any]:
    """The schema of an event whose properties are listed."""
    return _object(properties)


def amplitude_schemas(listed: Sequence[Any]) -> Iterator[Found]:
    """The events of a taxonomy; those that only stand in the list of events have no properties."""
    events: dict[str, list[Mapping[str, Any]]] = {}
    descriptions: dict[str, str] = {}
    for each in listed:
        if not isinstance(each, Mapping) or not isinstance(each.get("event_type"), str):
            continue
        properties = events.setdefault(each["event_type"], [])
        if isinstance(each.get("event_property"), str):
            named = {_AMPLITUDE.get(str(key), str(key)): value for key, value in each.items()}
            if isinstance(named.get("enum"), str):
                named["enum"] = [text.strip() for text in named["enum"].split(",")]
            properties.append(named)
        else:
            descriptions[each["event_type"]] = _text(each, "description")
    for name, properties in events.items():
        description = descriptions.get(name, "")
        yield Found(name=name, description=description, schema=_object(properties))


def is_amplitude(value: object) -> bool:
    """Whether it is the list in an answer of Amplitude's taxonomy API."""
    return isinstance(value, list) and any(
        isinstance(each, Mapping) and "event_type" in each for each in value
    )


def _object(properties: Sequence[Any]) -> dict[str, Any]:
    named = [each for each in properties if isinstance(each, Mapping) and _text(each, "name")]
    lost = [f"a property without a name ({each!r})" for each in properties if each not in named]
    return {
        "type": "object",
        "properties": {each["name"]: _property(each) for each in named},
        "required": [each["name"] for each in named if _is_required(each)],
        **({LOST: lost} if lost else {}),
    }


def _is_required(each: Mapping[str, Any]) -> bool:
    said = each.get("required", each.get("isRequired"))
    return said is True or (isinstance(said, str) and said.lower() in ("true", "always"))


def _property(each: Mapping[str, Any]) -> dict[str, Any]:
    lost = [key for key, said in each.items() if key not in _ABOUT | _TAKEN and _says(said)]
    found = _typed(each, lost)
    options = each.get("logicalTypeOptions")
    for key, said in (options if isinstance(options, Mapping) else {}).items():
        _option(found, key, said, lost)
    for key, keyword in (("pattern", "pattern"), ("min", "minimum"), ("max", "maximum")):
        if each.get(key) is not None and each[key] != "":
            found[keyword] = each[key]
    if (values := _values(each, lost)) is not None:
        found["enum"] = values
    if (each.get("isArray") or each.get("list")) is True and found.get("type") != "array":
        found = {"type": "array", "items": found}
    if each.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        found |= {"enum": [*found["enum"], None]} if "enum" in found else {}
    if description := _text(each, "description"):
        found["description"] = description
    return {**found, LOST: lost} if lost else found


def _typed(each: Mapping[str, Any], lost: list[str]) -> dict[str, Any]:
    said = each.get("logicalType") or each.get("type")
    if isinstance(said, list):
        return {"type": said}
    known = _TYPES.get(str(said).lower())
    if known is None and said not in (None, "any"):
        lost.append(f"type {said}")
    found = dict(known or {})
    if found.get("type") == "array" and isinstance(each.get("items"), Mapping):
        found["items"] = _property(each["items"])
    if found.get("type") == "object" and isinstance(each.get("properties"), list):
        found |= _object(each["properties"])
    return found


def _option(found: dict[str, Any], key: str, said: Any, lost: list[str]) -> None:
    is_date = found.get("format") in _DATES
    if key == "format" and not is_date and isinstance(said, str):
        found["format"] = said
    elif key == "required" and isinstance(said, list):
        found["required"] = said
    elif key in _OPTIONS and not is_date:
        found[key] = said
    elif said is not None:
        lost.append(f"{key} {said}")


def _values(each: Mapping[str, Any], lost: list[str]) -> list[Any] | None:
    """The allowed values, in whichever way they are said; other checks of quality are lost."""
    listed = each.get("enum") or each.get("allowedValues")
    values = None
    if isinstance(listed, list):
        values = [v["value"] if isinstance(v, Mapping) and "value" in v else v for v in listed]
    quality = each.get("quality")
    for check in quality if isinstance(quality, list) else []:
        arguments = check.get("arguments") if isinstance(check, Mapping) else None
        valid = arguments.get("validValues") if isinstance(arguments, Mapping) else None
        if isinstance(valid, list) and check.get("mustBe") == 0 and values is None:
            values = list(valid)
        else:
            lost.append("quality")
    return values


def _says(said: Any) -> bool:
    return said not in (None, False, "", [], {})


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
