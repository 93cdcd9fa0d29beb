"""Versions of one event beside each other: what the platform demands, what clients notice. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from contracts.evolution.changes import changes
from contracts.evolution.rules import rule_for
from contracts.model.loader import parse_contract
from contracts.model.types import Contract
from contracts.naming import NAMESPACE
from registry.avro import record_schema
from ugc.compatibility import avro

_MOST_TOLD = 5

Document = dict[str, Any]


def unreadable(event: str, earlier: Sequence[Document], document: Document) -> str | None:
    """Why nothing reads an earlier version's messages as ``document``, as the loader does.

    Args:
        event: the name that all of them have.
        earlier: contracts of the dialect.
        document: a contract of the dialect.
    """
    new = _contract(event, document)
    for number, before in enumerate(earlier, start=1):
        old = _contract(event, before)
        found = avro.judge(old, new, _schema(old), _schema(new))
        if found:
            where = found[0].pointer or "the event"
            return (
                f"what was sent as version {number} cannot be read by it:"
                f" {where}: {found[0].message}; import it as an event of its own"
            )
    return None


def _contract(event: str, document: Document) -> Contract:
    return parse_contract(event, 1, document, Path(event))


def _schema(contract: Contract) -> dict[str, Any]:
    return record_schema(contract.data, NAMESPACE, contract.event)


def breaks(version: int, before: Document, after: Document) -> Iterator[str]:
    """What clients of ``before``, which is ``version``, can no longer send when they name none."""
    found = [change for change in changes(before, after) if rule_for(change).breaking]
    for change in found[:_MOST_TOLD]:
        yield f"not compatible with version {version}: {change.pointer}: {rule_for(change).says}"
    if len(found) > _MOST_TOLD:
        yield f"and {len(found) - _MOST_TOLD} more incompatible changes"
