"""What would have been right: the contract's words on what is wrong, and a valid event like it.

All of it comes out of the contracts; it is added when a record is read, and kept nowhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api import paths
from contracts.errors import ContractError, SampleError
from contracts.model.definitions import find_definition
from contracts.model.loader import Catalog
from contracts.model.types import Contract, JsonSchema, Origin
from contracts.samples.payloads import LIFELIKE, Sampler

_SHOWN_KEYWORDS = (
    *("type", "enum", "const", "pattern", "format", "minLength", "maxLength", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "required"),
)


class Explainer:
    """Knows the contracts and their examples. Safe to share between threads."""

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        """``folder`` is that of the contracts; its examples are read once."""
        self._catalog = catalog
        self._examples = {
            contract.id: tuple(_examples(contract, folder))
            for contract in catalog
            if contract.origin is Origin.CLIENT
        }

    def explained(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record of an event, with what explains it.

        ``contract`` is where the schema is, or null; of a rejected event ``rules`` is what the
        contract says at each pointer, and ``example`` a valid request like it, or null.
        """
        contract = self._contract(record)
        found: dict[str, Any] = {**record, "contract": None}
        if contract is not None:
            found["contract"] = f"{paths.CONTRACTS}/{contract.event}/{contract.version}"
        if record.get("outcome") != "rejected":
            return found
        problem = record.get("problem") or {}
        pointers = [each["pointer"] for each in problem.get("violations", ())]
        found["rules"] = [rule for each in pointers if (rule := self._rule(contract, each))]
        found["example"] = None if contract is None else self._nearest(contract, record)
        return found

    def _contract(self, record: Mapping[str, Any]) -> Contract | None:
        event, version = record.get("event"), record.get("version")
        if event is None:
            return None
        try:
            return self._catalog.get(event, version)
        except ContractError:
            return None

    def _rule(self, contract: Contract | None, pointer: str) -> dict[str, Any] | None:
        """What is said of the place that a pointer into a request leads to."""
        steps = pointer.split("/")[1:]
        root: JsonSchema = self._catalog.request.schema
        if contract is not None and steps[:1] == ["data"]:
            root, steps = contract.schema, steps[1:]
        schema = _schema_at(root, steps)
        if schema is None:
            return None
        return {
            "pointer": pointer,
            "text": schema.get("description", ""),
            "schema": {name: schema[name] for name in _SHOWN_KEYWORDS if name in schema},
        }

    def _nearest(self, contract: Contract, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """The example that shares most with what was sent."""
        sent = record.get("sent")
        data = sent.get("data") if isinstance(sent, dict) else None
        asked = data if isinstance(data, dict) else {}
        examples = self._examples.get(contract.id, ())
        if not examples:
            return None

        def likeness(example: Mapping[str, Any]) -> int:
            same_names = example.keys() & asked.keys()
            return sum(2 if example[name] == asked[name] else 1 for name in same_names)

        nearest = max(examples, key=likeness)
        return {
            "event": contract.event,
            "version": contract.version,
            "token": None,
            "data": nearest,
        }


def _schema_at(root: JsonSchema, steps: list[str]) -> JsonSchema | None:
    """The schema of a value; ``None`` where none describes it."""
    schema: Any = root
    for step in steps:
        schema = _resolved(root, schema)
        if step.isdecimal() and "items" in schema:
            schema = schema["items"]
        elif step in schema.get("properties", {}):
            schema = schema["properties"][step]
        else:
            schema = schema.get("additionalProperties")
        if not isinstance(schema, Mapping):
            return None
    return _resolved(root, schema)


def _resolved(root: JsonSchema, schema: JsonSchema) -> JsonSchema:
    """The schema with what its reference says; its own words go first."""
    found = find_definition(root, schema.get("$ref"))
    return schema if found is None else {**found, **schema}


def _examples(contract: Contract, folder: Path) -> Iterator[Mapping[str, Any]]:
    """The contract's own, those of its folder, and where there are none, one that is made up."""
    found = [*contract.examples, *_example_files(contract, folder)]
    if not found:
        rng = random.Random(contract.event)  # noqa: S311 - the same example each time
        try:
            found = [Sampler(contract.schema, LIFELIKE).valid(rng)]
        except SampleError:
            return
    yield from (each for each in found if isinstance(each, dict))


def _example_files(contract: Contract, folder: Path) -> Iterator[Any]:
    files = folder / "examples" / contract.event / f"v{contract.version}" / "valid"
    for path in sorted(files.glob("*.json")):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
