"""A foreign schema → the fields of a contract, and what became of each. Pure.

What has a typed image keeps its type and its restrictions as far as the dialect has them; bounds
that the dialect demands and the plan lacks are added.  What has none becomes a string that holds
JSON text, which the sender then has to write.  What neither works for is refused and left out.
Whatever makes the contract take other values than the plan does is a note.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contracts.errors import SampleError
from ugc.importing.examples import Examples
from ugc.importing.limits import DEEPEST, Budget
from ugc.importing.names import Name, chosen_names
from ugc.importing.node import GROUPS, Node
from ugc.importing.patterns import PatternJudge
from ugc.importing.resolve import Resolver, UntypedError
from ugc.importing.scalars import (
    LONGEST_JSON_TEXT,
    STORED_FORMATS,
    NoValueError,
    list_bounds,
    map_bounds,
    scalar,
)

_STEPS_OF_A_SEARCH = 500
"""What an example costs that is looked for and not found."""

FieldPath = tuple[str, ...]
"""Names of the plan from the event inwards; :data:`ITEMS` of a list and :data:`VALUES` of a map."""

ITEMS = "[]"
VALUES = "{}"


class Fate(StrEnum):
    """What became of a field."""

    TYPED = "typed"
    JSON_TEXT = "JSON text"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One field of the plan: ``path`` there, what became of it, and what to know about it."""

    path: FieldPath
    fate: Fate
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As people read it, such as ``lines[].sku``; empty for the event itself."""
        text = "".join(part if part in (ITEMS, VALUES) else f".{part}" for part in self.path)
        return text.removeprefix(".")


@dataclass(slots=True)
class Conversion:
    """One event's fields; reports, notes about the event as a whole and names are gathered.

    ``names`` leads from a field's path in the plan to its name in the contract.  Objects that lie
    deeper than ``levels`` become JSON text.
    """

    schema: Any
    reserved: Collection[str]
    budget: Budget
    judge: PatternJudge
    examples: Examples
    levels: int = DEEPEST
    known: Mapping[FieldPath, str] = field(default_factory=dict)
    reports: list[FieldReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[FieldPath, str] = field(default_factory=dict)
    _level: int = 0
    _resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        self._resolver = Resolver(self.schema, self.budget)

    def root(self) -> dict[str, Any]:
        """The closed object that the event's ``data`` is.

        Raises:
            UntypedError: the schema describes no object with properties.
            NoValueError: none of its fields can be taken.
            TooLargeError: it unfolds into too much.
        """
        node = self._resolver.node(self.schema, frozenset())
        if "object" not in node.kinds or (node.is_unnamed and not node.objects):
            raise UntypedError("it is no object with known properties")
        if node.kinds != {"object"}:
            self.notes.append("values that are no objects are refused")
        if node.enum is not None:
            self.notes.append("the listed objects are not checked")
        return self._record(node, (), self.notes)

    def _record(self, node: Node, path: FieldPath, notes: list[str]) -> dict[str, Any]:
        properties = self._described(node, notes)
        additional = self._resolver.additional(node)
        if not properties and not _is_empty_event(node, path, additional):
            raise UntypedError("it is no object with known properties")
        self.budget.step(len(node.required))
        for name in node.required:
            properties.setdefault(name, additional)
        if additional is not False:
            notes.append("other properties are refused")
        notes += [f"{key} is not checked" for key in GROUPS["object"] if key in node.keywords]
        notes += node.notes
        names = self._names(list(properties), path)
        place = len(self.reports)
        found: dict[str, Any] = {}
        self._level += 1
        for json_name, inner in properties.items():
            converted = self._field(json_name, inner, names[json_name], path, node)
            if converted is not None:
                found[names[json_name].name] = converted
        self._level -= 1
        if properties and not found:
            first = self.reports[place]
            raise NoValueError(f"none of its fields could be taken: {first}: {first.notes[-1]}")
        required = sorted({names[each].name for each in node.required} & found.keys())
        closed = {"type": "object", "additionalProperties": False, "required": required}
        return {**closed, "properties": found}

    def _described(self, node: Node, notes: list[str]) -> dict[str, Any]:
        found = self._resolver.properties(node)
        try:
            for name, inner in self._resolver.conditional_properties(node).items():
                found.setdefault(name, inner)
        except UntypedError as error:
            notes.append(f"what then and else describe is left out: {error}")
        return found

    def _names(self, properties: list[str], path: FieldPath) -> dict[str, Name]:
        paths = {name: (*path, name) for name in properties}
        chosen = chosen_names(
            properties,
            prefix="field",
            reserved=frozenset() if path else self.reserved,
            instead="data",
            known={name: self.known[at] for name, at in paths.items() if at in self.known},
        )
        self.names.update({paths[name]: each.name for name, each in chosen.items()})
        return chosen

    def _field(
        self, json_name: str, schema: Any, name: Name, path: FieldPath, around: Node
    ) -> dict[str, Any] | None:
        self.budget.field()
        where = (*path, json_name)
        place, level = len(self.reports), self._level
        renamed = [name.note] if name.note else []
        notes = list(renamed)
        fate = Fate.TYPED
        converted: dict[str, Any] | None = None
        try:
            converted = self._with_example(self._value(schema, where, around.seen, notes))
        except (UntypedError, NoValueError) as error:
            is_text = isinstance(error, UntypedError)
            fate = Fate.JSON_TEXT if is_text else Fate.REFUSED
            converted = _json_text(str(error)) if is_text else None
            notes = [*renamed, str(error), *(note for note in notes if _is_lost(note))]
            self._level = level
            del self.reports[place:]
        self.reports.insert(place, FieldReport(where, fate, tuple(dict.fromkeys(notes))))
        if converted is None:
            return None
        described = {"description": f"{name.name.replace('_', ' ').capitalize()}.", **converted}
        if fate is Fate.JSON_TEXT:
            described["description"] += " Holds JSON text, of which nothing is checked."
        described["description"] = with_lost(described["description"], notes)
        self.budget.text(len(json.dumps(_own(described))))
        return described

    def _value(
        self, schema: Any, where: FieldPath, seen: frozenset[int], notes: list[str]
    ) -> dict[str, Any]:
        node = self._resolver.node(schema, seen)
        if node.is_never:
            raise NoValueError("it allows no value")
        try:
            kind, is_nullable = _kind(node, notes)
        except UntypedError:
            notes += node.notes
            raise
        if kind in ("array", "object") and node.enum is not None:
            raise UntypedError("its values are listed lists or objects")
        match kind:
            case "array":
                found = self._list(node, where, notes)
            case "object":
                found = self._object(node, where, notes)
            case _:
                notes += node.notes
                found = self._scalar(kind, node, notes)
        if "description" in node.keywords:
            found = {"description": node.keywords["description"], **found}
        if is_nullable:
            found["type"] = [kind, "null"]
            if "enum" in found:
                found["enum"] = [*found["enum"], None]
        return found

    def _scalar(self, kind: str, node: Node, notes: list[str]) -> dict[str, Any]:
        """A pattern or form that no example is found for is given up before the field is."""
        found = scalar(kind, node, self.judge, notes)
        for keyword in ("pattern", "format"):
            is_stored = keyword == "format" and found.get(keyword) in STORED_FORMATS
            if keyword in found and not is_stored and not self._has_example(found):
                del found[keyword]
                notes.append(f"{keyword} is not checked: no example of it was found")
        return found

    def _has_example(self, schema: dict[str, Any]) -> bool:
        try:
            self._with_example(schema)
        except NoValueError:
            return False
        return True

    def _with_example(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "properties" in schema:
            return schema
        try:
            return {**schema, "examples": [self.examples.of(schema)]}
        except SampleError as error:
            self.budget.step(_STEPS_OF_A_SEARCH)
            raise NoValueError(f"no example was found: {error}") from error

    def _list(self, node: Node, where: FieldPath, notes: list[str]) -> dict[str, Any]:
        if "tuple" in node.keywords:
            raise UntypedError("it is a tuple")
        notes += node.notes
        inner = self._inside(
            node.keywords.get("items", True), (*where, ITEMS), node, notes, "items"
        )
        return {"type": "array", "items": inner, **list_bounds(node, notes)}

    def _object(self, node: Node, where: FieldPath, notes: list[str]) -> dict[str, Any]:
        if any(part.properties for part in node.objects) or node.conditional:
            if self._level >= self.levels:
                raise UntypedError("the event would unfold into too many fields")
            return self._record(node, where, notes)
        if any(part.has_patterns for part in node.objects):
            raise UntypedError("its keys follow patterns")
        additional = self._resolver.additional(node)
        if not isinstance(additional, Mapping):
            raise UntypedError("it is an object without known properties")
        notes += node.notes
        if node.required:
            notes.append("required is not checked")
        inner = self._inside(additional, (*where, VALUES), node, notes, "values")
        return {"type": "object", "additionalProperties": inner, **map_bounds(node, notes)}

    def _inside(
        self, schema: Any, where: FieldPath, node: Node, notes: list[str], what: str
    ) -> dict[str, Any]:
        """Lists and maps stay typed only when what they hold is."""
        try:
            return self._value(schema, where, node.seen, notes)
        except UntypedError as error:
            raise UntypedError(f"its {what} have no typed image: {error}") from error


_LOST = ("not checked", "left out")


def _is_lost(note: str) -> bool:
    return any(word in note for word in _LOST)


def with_lost(description: str, notes: Sequence[str]) -> str:
    """A description that also names what the plan demands and the contract does not."""
    lost = list(filter(_is_lost, dict.fromkeys(notes)))
    return f"{description} Of the plan: {'; '.join(lost)}." if lost else description


def _own(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without what its fields say, which is counted with them."""
    inner = {key: _own(schema[key]) for key in ("items", "additionalProperties") if schema.get(key)}
    return {**{key: said for key, said in schema.items() if key != "properties"}, **inner}


def _is_empty_event(node: Node, path: FieldPath, additional: Any) -> bool:
    """An event may have no fields, when its plan says so; an object inside of it may not."""
    has_patterns = any(part.has_patterns for part in node.objects)
    return not path and bool(node.objects) and not has_patterns and additional in (True, False)


def _kind(node: Node, notes: list[str]) -> tuple[str, bool]:
    """The one kind of value besides null, and whether null is allowed too."""
    if node.is_unnamed:
        kinds = {
            kind
            for kind, keywords in GROUPS.items()
            if not node.keywords.keys().isdisjoint(keywords)
        }
        kinds |= {"object"} if node.objects else set()
        if len(kinds) != 1:
            raise UntypedError("it names no type")
        notes.append(f"values of other types than {min(kinds)} are refused")
        return kinds.pop(), True
    rest = node.kinds - {"null"}
    if "number" in rest:
        rest -= {"integer"}
    if len(rest) != 1:
        raise UntypedError(f"it has {len(rest) or 'no'} types besides null")
    return min(rest), "null" in node.kinds


def _json_text(reason: str) -> dict[str, Any]:
    return {
        "type": "string",
        "maxLength": LONGEST_JSON_TEXT,
        "$comment": f"Holds JSON text: {reason}.",
        "examples": ["{}"],
    }
