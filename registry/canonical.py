"""The one text of a schema, whatever order and spacing it came in. Pure.

Confluent's registry stores, compares and returns what Avro's Java library makes of a schema
(``Schema.toString``), and with ``normalize=true`` a normal form of it.  Both are written here, from
the document:

- *canonical*: no white space; attributes in a fixed order, those that Avro does not define after
  them in the order they came in; a name without the namespace that holds there; no attribute that
  says what holds anyway (``{"type": "string"}`` is ``"string"``, ``order`` is ascending).
- *normal*: in addition aliases and foreign attributes sorted, also within defaults and attributes,
  the attributes of a logical type first, and no empty ``doc``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from registry.compatibility import PRIMITIVES, full_name, split_name

_RESERVED = frozenset(
    {"type", "name", "namespace", "aliases", "doc", "fields", "items", "size", "symbols", "values"}
)
_RESERVED_ENUM = _RESERVED | {"default"}
_RESERVED_FIELD = frozenset({"type", "name", "aliases", "doc", "default", "order"})
_LOGICAL = ("logicalType", "precision", "scale")


def canonical_text(schema: Any, *, normalize: bool = False) -> str:
    """The canonical text of a valid schema, or its normal form.

    Names that the schema refers to without defining them stay as they are.
    """
    writer = _Writer(normalize)
    return json.dumps(writer.schema(schema, ""), separators=(",", ":"), ensure_ascii=False)


class _Writer:
    """Makes a document whose keys come in the order they are to be written in.

    ``space`` is the namespace that an unqualified name has where the schema stands.
    """

    def __init__(self, normalize: bool) -> None:
        self._normalize = normalize

    def schema(self, schema: Any, space: str) -> Any:
        match schema:
            case str():
                return schema if schema in PRIMITIVES else self._reference(schema, space)
            case list():
                return [self.schema(branch, space) for branch in schema]
            case {"type": "array"}:
                items = self.schema(schema["items"], space)
                return {"type": "array", "items": items, **self._others(schema)}
            case {"type": "map"}:
                values = self.schema(schema["values"], space)
                return {"type": "map", "values": values, **self._others(schema)}
            case {"type": "record" | "error" | "enum" | "fixed"}:
                return self._named(schema, space)
            case {"type": of_type} if of_type in PRIMITIVES:
                others = self._others(schema)
                return {"type": of_type, **others} if others else of_type
            case _:
                return self._reference(schema["type"], space)

    def _reference(self, name: str, space: str) -> str:
        return _shortened(full_name(name, None, space), space)

    def _named(self, schema: dict[str, Any], space: str) -> dict[str, Any]:
        name = full_name(schema["name"], schema.get("namespace"), space)
        inner, own = split_name(name)
        written: dict[str, Any] = {"type": schema["type"], "name": own}
        if inner != space:
            written["namespace"] = inner
        written |= self._doc(schema, or_empty=not self._normalize)
        reserved = _RESERVED
        match schema["type"]:
            case "enum":
                reserved = _RESERVED_ENUM
                written["symbols"] = schema["symbols"]
                if "default" in schema:
                    written["default"] = schema["default"]
            case "fixed":
                written["size"] = schema["size"]
            case _:
                written["fields"] = [self._field(field, inner) for field in schema["fields"]]
        written |= self._others(schema, reserved)
        aliases = [full_name(alias, None, inner) for alias in schema.get("aliases", ())]
        return written | self._aliases(_shortened(alias, inner) for alias in aliases)

    def _field(self, field: dict[str, Any], space: str) -> dict[str, Any]:
        written = {"name": field["name"], "type": self.schema(field["type"], space)}
        written |= self._doc(field, or_empty=True)
        if "default" in field:
            default = field["default"]
            written["default"] = _sorted(default) if self._normalize else default
        if field.get("order", "ascending") != "ascending":
            written["order"] = field["order"]
        written |= self._aliases(field.get("aliases", ()))
        return written | self._others(field, _RESERVED_FIELD)

    def _doc(self, schema: dict[str, Any], *, or_empty: bool) -> dict[str, Any]:
        doc = schema.get("doc")
        return {"doc": doc} if isinstance(doc, str) and (doc or or_empty) else {}

    def _aliases(self, aliases: Iterable[str]) -> dict[str, Any]:
        distinct = list(dict.fromkeys(aliases))
        if not distinct:
            return {}
        return {"aliases": sorted(distinct) if self._normalize else distinct}

    def _others(
        self, schema: dict[str, Any], reserved: frozenset[str] = _RESERVED
    ) -> dict[str, Any]:
        """The attributes that Avro does not define, logical types among them."""
        others = {key: value for key, value in schema.items() if key not in reserved}
        if not self._normalize:
            return others
        first = [key for key in _LOGICAL if key in others] if "logicalType" in others else []
        return {key: _sorted(others[key]) for key in (*first, *sorted(others.keys() - set(first)))}


def _shortened(name: str, space: str) -> str:
    inner, own = split_name(name)
    return own if inner == space else name


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case list():
            return [_sorted(each) for each in value]
        case _:
            return value
