"""The verdict on shared definitions, and which events a change of one reaches. Pure.

Whether a change hurts an event is judged at the event, whose contract is whole by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from contracts.model.shared import FOLDER, Key, id_of, path_of, used_by
from ugc.compatibility.findings import EventReport, Finding, Target
from ugc.compatibility.snapshot import Snapshot


class VersionChanges(Protocol):
    """What became of the merged versions in ``base`` that lie below ``folder``."""

    def __call__(self, base: Snapshot, *, folder: str) -> Iterator[Finding]: ...


def shared_reports(
    base: Snapshot, head: Snapshot, changes: VersionChanges
) -> Iterator[EventReport]:
    """One report for each shared definition that is new, gone or otherwise.

    Args:
        base: what is merged.
        head: what shall be merged.
        changes: finds merged versions that are gone or say something else.
    """
    keys = base.catalog.shared.documents.keys() | head.catalog.shared.documents.keys()
    for name in sorted({name for name, _ in keys}):
        versions = sorted(key for key in keys if key[0] == name)
        findings = tuple(
            finding for key in versions for finding in _findings(base, head, key, changes)
        )
        if findings:
            yield EventReport(
                event=f"{FOLDER} {name}",
                contract=f"{FOLDER}/{id_of(versions[-1])}",
                earlier=(),
                findings=findings,
            )


def reached_by(snapshot: Snapshot, key: Key) -> tuple[str, ...]:
    """``event@version`` of each contract that refers to a definition, through others or itself."""
    return tuple(contract.id for contract in snapshot.catalog if key in used_by(contract.schema))


def _findings(
    base: Snapshot, head: Snapshot, key: Key, changes: VersionChanges
) -> Iterator[Finding]:
    path = path_of(key)
    reached = dict.fromkeys((*reached_by(base, key), *reached_by(head, key)))
    if path in base.documents:
        told = f"it reaches {', '.join(reached) or 'no event'}"
        only = replace(base, documents={path: base.documents[path]})
        for finding in changes(only, folder=f"{FOLDER}/{key[0]}"):
            yield replace(finding, message=f"{finding.message}; {told}")
        return
    if reached:
        told = f"reaches {', '.join(reached)}"
    else:
        told = "reaches no event until a version of one refers to it"
    yield Finding(
        code="shared.added",
        target=Target.FILES,
        breaking=False,
        pointer="",
        message=f"{path} is new and {told}",
        path=path,
    )
