"""The lock file: what each contract version is in Avro, as reviewed and committed.

It lies beside the contracts it describes.  A change of the translation, or of a contract that
somebody may have used already, shows there as a changed fingerprint.  Three fingerprints for each
version: of the exact text that is registered (SHA-256), and of Avro's Parsing Canonical Form
(SHA-256, and the 64-bit Rabin fingerprint as Avro's single-object encoding carries it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fastavro.schema import fingerprint, to_parsing_canonical_form

from contracts.model.loader import Catalog, default_folder
from contracts.model.shared import fingerprint as fingerprint_of
from contracts.model.shared import id_of
from contracts.model.types import Contract, JsonSchema
from registry.avro import avro_schema, record_name, schema_text
from registry.errors import LockError

LOCK_FILE = "contracts.lock.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedContract:
    """One contract version. ``subject`` is by the record strategy, which is the record's name."""

    subject: str
    text_sha256: str
    canonical_sha256: str
    canonical_rabin: str


@dataclass(frozen=True, slots=True)
class Lock:
    """What the lock file says, by ``event@version``.

    ``shared`` has the fingerprint of each shared definition, by ``name@version``, and ``context``
    of each version of the context: of what its file says, since it becomes no Avro schema of its
    own.
    """

    contracts: Mapping[str, LockedContract]
    shared: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)

    def holds(self, schema_text: str) -> bool:
        """Whether a schema is, to the letter, that of a locked contract version."""
        wanted = text_fingerprint(schema_text)
        return any(each.text_sha256 == wanted for each in self.contracts.values())


def text_fingerprint(schema_text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(schema_text.encode()).hexdigest()


def lock_of(catalog: Catalog) -> Lock:
    """What the lock file of these contracts has to say."""
    return Lock(
        {contract.id: _locked(catalog, contract) for contract in catalog},
        {id_of(key): fingerprint_of(each) for key, each in catalog.shared.documents.items()},
        {f"context@{n}": fingerprint_of(each) for n, each in _context_of(catalog).items()},
    )


def lock_text(lock: Lock) -> str:
    """The file's text: one contract version per line of the difference, in a fixed order."""
    contracts = {name: asdict(each) for name, each in sorted(lock.contracts.items())}
    document: dict[str, Any] = {"format": _FORMAT, "contracts": contracts}
    for key, files in (("shared", lock.shared), ("context", lock.context)):
        if files:
            document[key] = {name: {"text_sha256": each} for name, each in sorted(files.items())}
    return json.dumps(document, indent=2) + "\n"


def lock_path(contracts_dir: Path | None) -> Path:
    """Where the lock of a contract folder (default: the package's) lies."""
    return (contracts_dir or default_folder()) / LOCK_FILE


def read_lock(path: Path) -> Lock | None:
    """The lock in a file; ``None`` when there is no such file.

    Raises:
        LockError: the file is unreadable or malformed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockError(f"{path} cannot be read: {error.strerror}") from error
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise LockError(f"{path} has format {document['format']!r}, not {_FORMAT}")
        return Lock(
            {n: LockedContract(**each) for n, each in document["contracts"].items()},
            *(
                {n: str(each["text_sha256"]) for n, each in document.get(key, {}).items()}
                for key in ("shared", "context")
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"{path} is no lock file; `ugc registry lock` writes it"
        raise LockError(text) from error


def differences(locked: Lock | None, wanted: Lock) -> tuple[str, ...]:
    """How a lock departs from what the contracts say; empty when it does not."""
    have = {} if locked is None else locked.contracts
    found = []
    for name in sorted({*have, *wanted.contracts}):
        match have.get(name), wanted.contracts.get(name):
            case None, _:
                found.append(f"{name} is not in the lock file")
            case _, None:
                found.append(f"{name} is in the lock file, and there is no such contract")
            case LockedContract() as old, LockedContract() as new if old != new:
                if old.canonical_sha256 == new.canonical_sha256:
                    found.append(f"{name} has another text (documentation, attributes or defaults)")
                else:
                    found.append(f"{name} has another Avro schema")
    has = locked or Lock({})
    return (
        *found,
        *_differences_of_files("the shared definition ", has.shared, wanted.shared),
        *_differences_of_files("", has.context, wanted.context),
    )


def _context_of(catalog: Catalog) -> Mapping[int, JsonSchema]:
    return {} if catalog.context is None else catalog.context.documents


def _differences_of_files(
    kind: str, have: Mapping[str, str], wanted: Mapping[str, str]
) -> Iterator[str]:
    for name in sorted({*have, *wanted}):
        told = f"{kind}{name}"
        if name not in have:
            yield f"{told} is not in the lock file"
        elif name not in wanted:
            yield f"{told} is in the lock file, and there is no such file"
        elif have[name] != wanted[name]:
            yield f"{told} says something else than the lock file holds"


def _locked(catalog: Catalog, contract: Contract) -> LockedContract:
    schema = avro_schema(catalog, contract)
    canonical = to_parsing_canonical_form(schema)
    return LockedContract(
        subject=record_name(contract.event, catalog.naming.namespace),
        text_sha256=text_fingerprint(schema_text(schema)),
        canonical_sha256=fingerprint(canonical, "SHA-256"),
        canonical_rabin=fingerprint(canonical, "CRC-64-AVRO"),
    )
