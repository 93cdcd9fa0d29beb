"""What the tools tell of contracts as they are: structured, and made anew of the files each time.

Each function gives a JSON object.  Texts in it are other people's: data for the agent.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ch_schema.ddl.tables import table_for
from ch_schema.ddl.targets import targets_for
from contracts.model.loader import Catalog, load_catalog
from contracts.model.types import Contract, Origin
from contracts.model.validation import Validator
from contracts.naming import Naming
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.remedies import REMEDIES
from contracts.samples.payloads import Sampler
from ugc.agents.errors import ToolRefusedError
from ugc.agents.sql.relations import relations
from ugc.contracts.words import fields_of
from ugc.project.folder import contract_named
from ugc.project.tables import INTERNAL

Document = dict[str, Any]

_MOST_FOUND = 50
_MOST_SAMPLES = 50
_MOST_PAYLOAD_BYTES = 200_000


class Contracts:
    """The contracts of a folder."""

    def __init__(self, folder: Path, naming: Naming) -> None:
        self.folder = folder
        self.naming = naming

    def catalog(self) -> Catalog:
        """As the files are at this moment.

        Raises:
            ContractError: they cannot be loaded.
        """
        return load_catalog(self.folder, self.naming)

    def list(self) -> Document:
        """Every event in a few words."""
        catalog = self.catalog()
        return {"contracts": [_in_short(catalog, each) for each in catalog.newest]}

    def search(self, text: str) -> Document:
        """Events and fields in whose name or description all the words are."""
        words = text.lower().split()
        if not words:
            raise ToolRefusedError("text is empty: write a word or some to look for")
        found: list[Document] = []
        for contract in self.catalog().newest:
            told = f"{contract.event} {contract.title} {contract.description} {contract.owner}"
            if _has(told, words):
                found.append({"contract": contract.id, "title": contract.title})
            found += [
                {"contract": contract.id, "field": line.path, "description": line.description}
                for line in fields_of(contract.schema)
                if _has(f"{contract.event} {line.path} {line.description}", words)
            ]
        return {"found": found[:_MOST_FOUND], "left_off": max(0, len(found) - _MOST_FOUND)}

    def show(self, event: str) -> Document:
        """One version: its JSON Schema, and what becomes of the event."""
        catalog = self.catalog()
        contract = contract_named(catalog, event)
        into = [e for e, p in catalog.pairings.items() if contract.event in (p.start, p.end)]
        return {
            **_in_short(catalog, contract),
            "description": contract.description,
            "becomes": into,
            "fields": [
                {
                    "path": line.path,
                    "type": line.type,
                    "required": line.required,
                    "description": line.description,
                }
                for line in fields_of(contract.schema)
            ],
            "schema": contract.schema,
        }

    def validate(self, event: str, payload: Mapping[str, Any]) -> Document:
        """Whether a payload keeps a contract, and all that is wrong with it."""
        if len(json.dumps(payload)) > _MOST_PAYLOAD_BYTES:
            raise ToolRefusedError(f"a payload has at most {_MOST_PAYLOAD_BYTES} bytes here")
        contract = contract_named(self.catalog(), event)
        found = Validator(contract.schema).violations(payload, at="/data")
        return {
            "contract": contract.id,
            "valid": not found,
            "violations": [
                {"pointer": each.pointer, "keyword": each.keyword, "message": each.message}
                for each in found
            ],
        }

    def sample(self, event: str, count: int, *, invalid: bool, seed: int | None) -> Document:
        """Payloads made from a contract; with ``invalid`` near misses that name what they break."""
        if not 1 <= count <= _MOST_SAMPLES:
            raise ToolRefusedError(f"count is from 1 to {_MOST_SAMPLES}")
        contract = contract_named(self.catalog(), event)
        sampler, rng = Sampler(contract.schema), random.Random(seed)  # noqa: S311 - no secrets
        if not invalid:
            made = [{"payload": sampler.valid(rng)} for _ in range(count)]
        else:
            misses = [sampler.invalid(rng) for _ in range(count)]
            made = [
                {"payload": each.payload, "pointer": each.pointer, "keyword": each.keyword}
                for each in misses
            ]
        return {"contract": contract.id, "samples": made}

    def explain(self, code: str, event: str | None, pointer: str | None) -> Document:
        """What a reason code means and what to do; of a field also what the contract says of it."""
        if code not in list(Reason):
            raise ToolRefusedError(
                f"there is no reason code {code!r}; there are {', '.join(Reason)}"
            )
        reason = Reason(code)
        told: Document = {
            "code": code,
            "cause": DESCRIPTIONS[reason],
            "remedy": REMEDIES[reason],
        }
        if event is not None:
            contract = contract_named(self.catalog(), event)
            parts = [part for part in (pointer or "").split("/") if part and not part.isdecimal()]
            path = ".".join(parts[1:] if parts[:1] == ["data"] else parts)
            told["contract"] = contract.id
            told["fields"] = [
                {"path": line.path, "type": line.type, "description": line.description}
                for line in fields_of(contract.schema)
                if not path or line.path.replace("[]", "") == path
            ]
            told["valid_examples"] = list(contract.examples)
        return told

    def dictionary(self, table: str | None, *, with_personal: bool) -> Document:
        """What can be asked with SQL: each view, table and report with its columns."""
        catalog = self.catalog()
        known = relations(catalog, with_personal=with_personal)
        names = targets_for(catalog, INTERNAL).databases
        of_events = {each.event: table_for(each) for each in catalog.tables}
        found: list[Document] = []
        for each in known.values():
            if table is not None and table not in (each.called, each.name):
                continue
            entry: Document = {"name": each.called, "hidden_columns": list(each.hidden)}
            if each.database == names.unique:
                entry["columns"] = [
                    {"name": column.name, "type": column.type, "meaning": column.comment}
                    for column in of_events[each.name].columns
                    if column.name in each.columns
                ]
            else:
                entry["columns"] = [{"name": column} for column in each.columns]
            found.append(entry)
        if not found:
            raise ToolRefusedError(
                f"there is no table {table!r}; call it without one for the whole list"
            )
        return {"tables": found}


def _in_short(catalog: Catalog, contract: Contract) -> Document:
    ending = contract.deprecation
    return {
        "contract": contract.id,
        "event": contract.event,
        "versions": sorted(catalog.versions[contract.event]),
        "title": contract.title,
        "owner": contract.owner,
        "made_by": str(contract.origin),
        "can_be_sent": contract.origin is Origin.CLIENT,
        "deprecated_since": None if ending is None else str(ending.since),
    }


def _has(text: str, words: list[str]) -> bool:
    lowered = text.lower()
    return all(word in lowered for word in words)
