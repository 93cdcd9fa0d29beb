"""Reads the contract folder into a :class:`Catalog`.

Layout (``N`` counts from 1 without gaps)::

    events/<event>/v<N>.json
    envelopes/<name>/v<N>.json
    shared/<name>/v<N>.json                            what events refer to; may be missing
    context/v<N>.json                                  what all events have; may be missing
    applications.json                                  who sends events; may be missing
    examples/<event>/v<N>/{valid,invalid}/*.json
    envelopes/examples/<name>/v<N>/{valid,invalid}/*.json
    meta/dialect.json

Loading is strict: a file that breaks the dialect, a gap in the versions or a pairing that names
what does not exist stops the load with an error that names the file and every finding.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from contracts.errors import (
    ContractLoadError,
    ContractSchemaError,
    ContractTooLargeError,
    NoContractsError,
    UnknownEventError,
    UnknownVersionError,
)
from contracts.model import walker
from contracts.model.applications import FILE as APPLICATIONS_FILE
from contracts.model.applications import Applications
from contracts.model.common import problems_with_references, read_applications
from contracts.model.common import read_context as read_context
from contracts.model.common import read_shared as read_shared
from contracts.model.context import FOLDER as CONTEXT_FOLDER
from contracts.model.context import Context
from contracts.model.documents import parse_json as parse_json
from contracts.model.documents import read_document as read_document
from contracts.model.numbered import EVENT_NAME as EVENT_NAME
from contracts.model.numbered import VERSION_FILE as VERSION_FILE
from contracts.model.numbered import version_files
from contracts.model.shared import FOLDER, NOTHING_SHARED, Shared
from contracts.model.types import (
    Contract,
    Deprecation,
    Envelope,
    JsonSchema,
    Origin,
    Pairing,
    QualityObjectives,
    RecordType,
    TableSpec,
)
from contracts.model.validation import Validator, problems_with_contract
from contracts.naming import Naming


def package_folder() -> Path:
    """The contracts that came with the package."""
    return Path(str(files("contracts")))


FILES = (
    "events",
    "envelopes",
    "examples",
    FOLDER,
    CONTEXT_FOLDER,
    APPLICATIONS_FILE,
    "contracts.lock.json",
)
"""What a folder of contracts consists of; ``events`` and ``envelopes`` have to be there."""


def copy_contracts(source: Path, target: Path) -> Path:
    """Copies a folder of contracts, and nothing that may lie beside them; gives ``target``.

    Raises:
        OSError: it cannot be read or written, or ``target`` exists.
    """
    target.mkdir(parents=True)
    for name in FILES:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        elif (source / name).is_file():
            shutil.copy2(source / name, target / name)
    return target


def default_folder(start: Path | None = None) -> Path:
    """The contracts of the project around ``start`` (default: the working directory).

    That is the nearest folder ``contracts`` with ``events`` in it, upwards to the top of the git
    work tree; where there is none, the contracts of the package.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "contracts" / "events").is_dir():
            return folder / "contracts"
        if (folder / ".git").exists():
            break
    return package_folder()


@dataclass(frozen=True)
class Catalog:
    """Every contract, by event and version, the two envelopes, what contracts share, what the
    project is called, and who sends.
    """

    versions: Mapping[str, Mapping[int, Contract]]
    envelopes: Mapping[str, Envelope]
    naming: Naming = field(default_factory=Naming)
    shared: Shared = NOTHING_SHARED
    context: Context | None = None
    applications: Applications | None = None

    def __iter__(self) -> Iterator[Contract]:
        """Every contract: by event name, then by version."""
        for event in sorted(self.versions):
            yield from (self.versions[event][number] for number in sorted(self.versions[event]))

    def get(self, event: str, version: int | None = None) -> Contract:
        """The contract of an event; the newest version unless one is asked for.

        Raises:
            UnknownEventError: no contract has this name.
            UnknownVersionError: the event has no such version.
        """
        known = self.versions.get(event)
        if known is None:
            raise UnknownEventError(event)
        number = max(known) if version is None else version
        if number not in known:
            raise UnknownVersionError(event, number, tuple(sorted(known)))
        return known[number]

    @cached_property
    def newest(self) -> tuple[Contract, ...]:
        """The newest version of each event, by event name."""
        return tuple(self.get(event) for event in sorted(self.versions))

    @cached_property
    def pairings(self) -> Mapping[str, Pairing]:
        """Derived event → how it is made, from its newest version."""
        return {c.event: c.pairing for c in self.newest if c.pairing is not None}

    @cached_property
    def tables(self) -> tuple[Contract, ...]:
        """The newest contract of each event that has rows of its own.

        The two halves of a pairing have none: they become the derived event.
        """
        halves = {
            half for pairing in self.pairings.values() for half in (pairing.start, pairing.end)
        }
        return tuple(contract for contract in self.newest if contract.event not in halves)

    @property
    def request(self) -> Envelope:
        """What a front end sends."""
        return self.envelopes["request"]

    @property
    def message(self) -> Envelope:
        """What Kafka carries."""
        return self.envelopes["message"]


def load_catalog(folder: Path | None = None, naming: Naming | None = None) -> Catalog:
    """Reads and checks every contract below ``folder`` (default: :func:`default_folder`).

    ``naming``: what tables and subjects are called, where that matters.

    Raises:
        NoContractsError: the folder is none of contracts.
        ContractLoadError: a file is unreadable, is not JSON, or lies where none belongs.
        ContractSchemaError: a file breaks the dialect.
    """
    root = folder or default_folder()
    if not (root / "events").is_dir():
        raise NoContractsError(
            f"{root} is no folder of contracts: it holds no folder events"
            " (CONTRACTS_DIR, --contracts, or contracts in ugc.toml, chooses it)"
        )
    shared = read_shared(root)
    context = read_context(root)
    if (root / APPLICATIONS_FILE).is_file():
        context = replace(context or Context(), has_applications=True)
    events: dict[str, dict[int, Contract]] = {}
    for event, version, path in version_files(root / "events"):
        events.setdefault(event, {})[version] = parse_contract(
            event, version, read_document(path), path, shared, context
        )
    envelopes: dict[str, Envelope] = {}
    for name, version, path in version_files(root / "envelopes", skip=frozenset({"examples"})):
        envelopes[name] = _envelope(name, version, read_document(path), path)
    if missing := {"request", "message"} - envelopes.keys():
        raise ContractLoadError(f"{root / 'envelopes'} lacks {', '.join(sorted(missing))}")
    if context is not None:
        request = envelopes["request"]
        envelopes["request"] = replace(request, schema=context.in_request(request.schema))
    applications = read_applications(root, _sent(events))
    catalog = Catalog(events, envelopes, naming or Naming(), shared, context, applications)
    _check_pairings(catalog)
    return catalog


def _sent(events: Mapping[str, Mapping[int, Contract]]) -> frozenset[str]:
    """The events that clients send, in any version."""
    return frozenset(
        event
        for event, versions in events.items()
        if any(each.origin is Origin.CLIENT for each in versions.values())
    )


def parse_contract(
    event: str,
    version: int,
    schema: JsonSchema,
    path: Path,
    shared: Shared = NOTHING_SHARED,
    context: Context | None = None,
) -> Contract:
    """One contract out of its JSON; the contract's own ``schema`` is whole in itself.

    Raises:
        ContractSchemaError: it breaks the dialect, or refers to what ``shared`` does not have; all
            findings at once.
    """
    problems = problems_with_references(shared, schema)
    if problems := problems or problems_with_contract(schema):
        raise ContractSchemaError(str(path), problems)
    schema = shared.whole(schema)
    try:
        data = walker.record_type(schema)
    except ContractTooLargeError as error:
        raise ContractTooLargeError(str(path), error.problems) from error
    _check_named_fields(schema, data, path)
    found = Contract(
        event=event,
        version=version,
        title=schema["title"],
        description=schema["description"],
        owner=schema["x-owner"],
        origin=Origin(schema["x-origin"]),
        data=data,
        schema=schema,
        table=_table(schema.get("x-table", {})),
        quality=QualityObjectives(**schema.get("x-quality", {})),
        pairing=_pairing(schema.get("x-pairing")),
        deprecation=_deprecation(schema.get("x-deprecated")),
    )
    return found if context is None else found.with_context(context.fields)


def _table(declared: Mapping[str, Any]) -> TableSpec:
    return TableSpec(
        key=tuple(declared.get("key", ())),
        retention_days=declared.get("retention_days"),
        personal_days=declared.get("personal_days"),
    )


def _pairing(declared: Mapping[str, Any] | None) -> Pairing | None:
    if declared is None:
        return None
    return Pairing(
        **{**declared, "keys": tuple(declared["keys"]), "carry": tuple(declared["carry"])}
    )


def _deprecation(declared: Mapping[str, Any] | None) -> Deprecation | None:
    if declared is None:
        return None
    retired = declared.get("retired")
    return Deprecation(
        since=dt.date.fromisoformat(declared["since"]),
        sunset=dt.date.fromisoformat(declared["sunset"]),
        reason=declared["reason"],
        retired=None if retired is None else dt.date.fromisoformat(retired),
    )


def _envelope(name: str, version: int, schema: JsonSchema, path: Path) -> Envelope:
    try:
        Validator(schema)
    except ContractSchemaError as error:
        raise ContractSchemaError(str(path), error.problems) from error
    return Envelope(
        name=name, version=version, fields=walker.record_type(schema).fields, schema=schema
    )


def _check_named_fields(schema: JsonSchema, data: RecordType, path: Path) -> None:
    """Fields that the ``x-`` keywords name have to exist."""
    known = {field.json_name for field in data.fields}
    pairing = schema.get("x-pairing", {})
    named = {
        "x-table.key": schema.get("x-table", {}).get("key", ()),
        "x-pairing.carry": pairing.get("carry", ()),
        "x-pairing.duration": [pairing["duration"]] if pairing else [],
        "x-pairing.when_paired": pairing.get("when_paired", ()),
        "x-pairing.when_unpaired": pairing.get("when_unpaired", ()),
        "required": schema["required"],
    }
    problems = tuple(
        f"{where} names {name!r}, which is no property"
        for where, listed in named.items()
        for name in listed
        if name not in known
    )
    if problems:
        raise ContractSchemaError(str(path), problems)


def _check_pairings(catalog: Catalog) -> None:
    """Both halves of a pairing exist and carry what the derived event needs of them."""
    taken: dict[str, str] = {}
    for event, pairing in catalog.pairings.items():
        where = f"events/{event}"
        if pairing.store_prefix in taken:
            other = taken[pairing.store_prefix]
            raise ContractSchemaError(where, (f"x-pairing.store_prefix is {other}'s already",))
        taken[pairing.store_prefix] = event
        has_time = catalog.context is not None and catalog.context.has_time
        if pairing.duration_from is not None and not has_time:
            problem = f"x-pairing.duration_from names {pairing.duration_from}, which no context has"
            raise ContractSchemaError(where, (problem,))
        needs = {pairing.start: {*pairing.keys, *pairing.carry}, pairing.end: set(pairing.keys)}
        for half, fields in needs.items():
            known = catalog.versions.get(half)
            if known is None:
                raise ContractSchemaError(where, (f"x-pairing names the unknown event {half!r}",))
            for contract in known.values():
                required = {field.json_name for field in contract.data.fields if field.required}
                if lacking := fields - required:
                    listed = ", ".join(sorted(lacking))
                    problem = f"{contract.id} does not require {listed}, which x-pairing uses"
                    raise ContractSchemaError(where, (problem,))
