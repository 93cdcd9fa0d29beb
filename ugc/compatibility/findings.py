"""What the compatibility check finds, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ch_schema.migrate.diff import Step


class Target(StrEnum):
    """Who would be hurt. ``FILES``: whoever trusts that a merged version stays as it is."""

    FILES = "files"
    HTTP = "http"
    AVRO = "avro"
    CLICKHOUSE = "clickhouse"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one change means to one target.

    ``pointer`` leads into the newer contract (into the older one where something is gone);
    ``path`` is the newer one's file in the contract folder, with ``/`` between its parts. ``twin``
    leads to the other field that the change is about as well: the new name of a renamed one.
    ``against`` is the earlier version that shows it. ``payload`` is ``data`` that the earlier
    version takes and the newer refuses.
    """

    code: str
    target: Target
    breaking: bool
    pointer: str
    message: str
    against: str = ""
    payload: Mapping[str, Any] | None = None
    way_out: str = ""
    path: str = ""
    twin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReport:
    """All about one event (or envelope).

    ``contract`` is its newest version, ``earlier`` those it was held against. ``steps`` lead from
    the old table to the new one, ``creates`` is the table of a new event. ``forward`` says why
    readers of an earlier version cannot read the new one's data; that is information, since the
    loader is always the newest.
    """

    event: str
    contract: str
    earlier: tuple[str, ...]
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...] = ()
    creates: str | None = None
    forward: tuple[str, ...] = ()

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """The findings for which the change must not be merged."""
        return tuple(finding for finding in self.findings if finding.breaking)

    @property
    def harmless(self) -> tuple[Finding, ...]:
        """The other findings."""
        return tuple(finding for finding in self.findings if not finding.breaking)

    @property
    def statements(self) -> tuple[str, ...]:
        """What has to be run on ClickHouse, in order."""
        created = (self.creates,) if self.creates else ()
        return (*created, *(step.statement for step in self.steps if step.statement))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict on everything that changed; events that did not are left out."""

    events: tuple[EventReport, ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing is breaking: the worst finding wins."""
        return not any(event.breaking for event in self.events)
