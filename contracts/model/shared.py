"""Shared definitions: values that several contracts refer to, each described in one place. Pure.

::

    shared/address/v1.json                                        the definition
    {"$ref": "../../shared/address/v1.json"}                      in events/<event>/v<N>.json
    {"$ref": "../country/v1.json"}                                in another shared definition

A reference is a path relative to the file that it stands in, which is how RFC 3986 resolves it:
editors and tools of JSON Schema follow it by themselves.  It means a whole definition of one
version, so that a new version reaches nobody until somebody refers to it.

Once loaded a contract is whole again: what it refers to, at any depth, lies in its own ``$defs``
as ``shared.address.v1``.  No definition of its own can have such a name, for its full stops.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.model.definitions import name_in, reference_to
from contracts.model.pointer import escape
from contracts.model.types import JsonSchema

Key = tuple[str, int]
"""Name and version of a shared definition."""

FOLDER = "shared"

_REFERENCE = re.compile(
    r"\.\./(?:\.\./shared/)?([a-z][a-z0-9_]{0,62})/v([1-9][0-9]{0,8})\.json", re.ASCII
)
_BUNDLED = re.compile(r"shared\.([a-z][a-z0-9_]{0,62})\.v([1-9][0-9]{0,8})", re.ASCII)
_OF_THE_FILE = ("$schema", "x-owner")
"""Keywords that say something about the file, and nothing about the value."""

_SCHEMAS = ("items", "additionalProperties")
_SCHEMAS_BY_NAME = ("properties", "$defs")


@dataclass(frozen=True, slots=True)
class Problem:
    """A reference that cannot be followed. ``pointer`` leads to its ``$ref``."""

    pointer: str
    message: str
    is_cycle: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """The shared definitions of one folder, as their files say them."""

    documents: Mapping[Key, JsonSchema] = field(default_factory=dict)
    broken: frozenset[Key] = frozenset()
    """Those that break the dialect, which only lint works with; they are put into nothing."""

    def problems(self, document: JsonSchema, key: Key | None = None) -> Iterator[Problem]:
        """The references to other files in a contract that lead nowhere, or back to it.

        Args:
            document: a contract, or a shared definition, as its file says it.
            key: which definition it is; ``None`` for a contract.
        """
        for pointer, reference in _references(document):
            if key is None and not is_to_another_file(reference):
                continue
            target = _target(reference, in_shared=key is not None)
            if target is None:
                yield Problem(pointer, _elsewhere(reference, in_shared=key is not None))
            elif target not in self.documents:
                yield Problem(pointer, self._missing(target))
            elif key is not None and key in self.closure(target):
                message = f"{reference} leads back to here; write the levels out"
                yield Problem(pointer, message, is_cycle=True)
            elif (theirs := self.documents[target].get("$schema")) != document.get("$schema"):
                message = (
                    f"{path_of(target)} is written in {theirs}, and this file in"
                    f" {document.get('$schema')}; write both in the same"
                )
                yield Problem(pointer, message)

    def closure(self, key: Key) -> frozenset[Key]:
        """A definition and all that it refers to, at any depth; what is missing is left out."""
        found: set[Key] = set()
        waiting = [key]
        while waiting:
            here = waiting.pop()
            if here not in found and here in self.documents:
                found.add(here)
                waiting += self.uses(self.documents[here], in_shared=True)
        return frozenset(found)

    def can_be_whole(self, document: JsonSchema, *, in_shared: bool = False) -> bool:
        """Whether nothing that a document refers to, at any depth, is broken."""
        used = frozenset().union(*map(self.closure, self.uses(document, in_shared=in_shared)))
        return used.isdisjoint(self.broken)

    def uses(self, document: JsonSchema, *, in_shared: bool = False) -> Iterator[Key]:
        """What a document refers to itself."""
        for _, reference in _references(document):
            if target := _target(reference, in_shared=in_shared):
                yield target

    def whole(self, document: JsonSchema) -> JsonSchema:
        """A contract with everything it refers to in its ``$defs``; itself where that is nothing.

        References that :meth:`problems` tells of stay as they are, and all of them where one leads
        to what is broken.
        """
        used = frozenset().union(*map(self.closure, self.uses(document)))
        if not used or not self.can_be_whole(document):
            return document
        own = _with_local_references(document, self._local(in_shared=False))
        beside = own.get("$defs")
        definitions = beside if isinstance(beside, Mapping) else {}
        return {**own, "$defs": {**definitions, **self._definitions(used)}}

    def whole_definition(self, key: Key) -> JsonSchema:
        """A shared definition by itself, with everything it refers to in its ``$defs``.

        Raises:
            KeyError: there is no such definition.
        """
        definitions = self._definitions(self.closure(key) | {key})
        own = definitions.pop(bundled_name(key))
        return {**own, "$defs": definitions} if definitions else own

    def _definitions(self, keys: frozenset[Key]) -> dict[str, JsonSchema]:
        local = self._local(in_shared=True)
        return {
            bundled_name(key): {
                keyword: said
                for keyword, said in _with_local_references(self.documents[key], local).items()
                if keyword not in _OF_THE_FILE
            }
            for key in sorted(keys)
        }

    def _local(self, *, in_shared: bool) -> Callable[[str], str]:
        def local(reference: str) -> str:
            target = _target(reference, in_shared=in_shared)
            if target is None or target not in self.documents:
                return reference
            return reference_to(bundled_name(target))

        return local

    def _missing(self, target: Key) -> str:
        known = sorted(version for name, version in self.documents if name == target[0])
        if known:
            listed = ", ".join(f"v{version}" for version in known)
            return f"there is no {path_of(target)}; {target[0]} has {listed}"
        names = sorted({name for name, _ in self.documents})
        there = f"shared has {', '.join(names)}" if names else "shared is empty"
        return (
            f"there is no {path_of(target)} ({there});"
            f" `ugc contracts new --shared {target[0]}` writes one"
        )


NOTHING_SHARED = Shared()
"""For contracts that are whole in one file."""


def path_of(key: Key) -> str:
    """Where a definition lies below the contract folder."""
    return f"{FOLDER}/{key[0]}/v{key[1]}.json"


def id_of(key: Key) -> str:
    """``address@1``, as commands and reports print it."""
    return f"{key[0]}@{key[1]}"


def bundled_name(key: Key) -> str:
    """What a definition is called under ``$defs`` of a contract that is whole."""
    return f"shared.{key[0]}.v{key[1]}"


def key_in(reference: object) -> Key | None:
    """The shared definition that a ``$ref`` inside a whole contract leads to, if it is one."""
    found = _BUNDLED.fullmatch(name_in(reference) or "")
    return (found[1], int(found[2])) if found else None


def used_by(schema: JsonSchema) -> tuple[Key, ...]:
    """The shared definitions in a whole contract, at any depth, by name and version."""
    definitions = schema.get("$defs")
    names = definitions if isinstance(definitions, Mapping) else ()
    found = (_BUNDLED.fullmatch(name) for name in names)
    return tuple(sorted((each[1], int(each[2])) for each in found if each))


def is_to_another_file(reference: object) -> bool:
    """Whether a ``$ref`` leaves the document; whatever it leads to."""
    return isinstance(reference, str) and not reference.startswith("#")


def fingerprint(document: JsonSchema) -> str:
    """SHA-256 (hexadecimal) of what a file says, white space aside; the order of keys counts."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _target(reference: str, *, in_shared: bool) -> Key | None:
    found = _REFERENCE.fullmatch(reference)
    if found is None or (not in_shared and not reference.startswith("../../")):
        return None
    return found[1], int(found[2])


def _elsewhere(reference: str, *, in_shared: bool) -> str:
    form = (
        "../<name>/v<N>.json"
        if in_shared
        else "#/$defs/<name> and describe it there, or ../../shared/<name>/v<N>.json"
    )
    if "#" in reference[1:]:
        return f"{reference} means a part of a file; make it a definition of its own, write {form}"
    return f"{reference} leads nowhere; write {form}"


def _references(schema: JsonSchema, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every ``$ref``, with the pointer to it."""
    if isinstance(reference := schema.get("$ref"), str):
        yield f"{pointer}/$ref", reference
    for keyword in _SCHEMAS:
        if isinstance(inner := schema.get(keyword), Mapping):
            yield from _references(inner, f"{pointer}/{keyword}")
    for keyword in _SCHEMAS_BY_NAME:
        if isinstance(named := schema.get(keyword), Mapping):
            for name, inner in named.items():
                if isinstance(inner, Mapping):
                    yield from _references(inner, f"{pointer}/{keyword}/{escape(name)}")


def _with_local_references(schema: JsonSchema, local: Callable[[str], str]) -> dict[str, Any]:
    """The same schema with each reference to another file replaced by what ``local`` makes."""

    def inside(value: Any) -> Any:
        return _with_local_references(value, local) if isinstance(value, Mapping) else value

    found = dict(schema)
    reference = found.get("$ref")
    if isinstance(reference, str) and is_to_another_file(reference):
        found["$ref"] = local(reference)
    for keyword in _SCHEMAS:
        if keyword in found:
            found[keyword] = inside(found[keyword])
    for keyword in _SCHEMAS_BY_NAME:
        if isinstance(named := found.get(keyword), Mapping):
            found[keyword] = {name: inside(inner) for name, inner in named.items()}
    return found
