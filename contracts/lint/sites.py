"""Every place of a contract where a value is described, with what the rules ask about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.definitions import find_definition
from contracts.model.pointer import escape, join

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """One schema inside a contract. ``name`` is set where it describes a field of an object."""

    pointer: str
    schema: Schema
    name: str | None = None
    is_event: bool = False
    """Whether it is a whole event, which is no value and has no bounds."""

    @property
    def kind(self) -> str | None:
        """The one JSON type besides null; ``None`` when there is not exactly one."""
        kinds = [kind for kind in self.kinds if kind != "null"]
        return kinds[0] if len(kinds) == 1 else None

    @property
    def is_decimal(self) -> bool:
        """Whether it is an exact decimal, which may be text, a number, or either."""
        return "x-decimal" in self.schema and set(self.kinds) & {"string", "number"} != set()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The JSON types as declared."""
        declared = self.schema.get("type", ())
        if isinstance(declared, str):
            return (declared,)
        return tuple(map(str, declared)) if isinstance(declared, list) else ()

    def at(self, *parts: str | int) -> str:
        """Pointer to something inside."""
        return self.pointer + join(parts)


def sites(root: Schema, *, of_event: bool = False) -> Iterator[Site]:
    """The root, then everything in it, definitions last. References are not followed."""
    yield from _inside(Site("", root, is_event=of_event))
    definitions = root.get("$defs")
    for name, schema in definitions.items() if isinstance(definitions, Mapping) else ():
        if isinstance(schema, Mapping):
            yield from _inside(Site(f"/$defs/{escape(name)}", schema))


def _inside(site: Site) -> Iterator[Site]:
    yield site
    properties = site.schema.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping):
            yield from _inside(Site(site.at("properties", name), schema, name))
    for keyword in ("items", "additionalProperties"):
        schema = site.schema.get(keyword)
        if isinstance(schema, Mapping):
            yield from _inside(Site(site.at(keyword), schema))


def resolved(root: Schema, schema: Schema) -> Schema:
    """``schema``, or what its chain of references ends in; stops where the chain is broken."""
    seen = set()
    while "$ref" in schema and str(schema["$ref"]) not in seen:
        seen.add(str(schema["$ref"]))
        schema = find_definition(root, schema["$ref"]) or {}
    return schema
