"""All targets together: what became of the contracts, and what it means. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ch_schema.ddl.tables import table_for
from ch_schema.errors import TableError
from ch_schema.migrate.diff import Step, table_changes
from contracts.model.context import FOLDER as CONTEXT_FOLDER
from contracts.model.loader import Catalog
from contracts.model.types import Contract
from registry.avro import avro_schema
from ugc.compatibility import avro, http, tables
from ugc.compatibility.applications import applications_report
from ugc.compatibility.findings import EventReport, Finding, Report, Target
from ugc.compatibility.shared import shared_reports
from ugc.compatibility.snapshot import Snapshot
from ugc.project.reserved import reserved_events

_NEW_VERSION = (
    "put the file back, and write the change into a new version: `ugc check --fix` does both"
)


def judge(base: Snapshot, head: Snapshot, today: dt.date) -> Report:
    """The verdict on everything that ``head`` has otherwise than ``base``.

    Args:
        base: what is merged, and live.
        head: what shall be merged.
        today: decides which versions clients may still use.
    """
    events = sorted(base.catalog.versions.keys() | head.catalog.versions.keys())
    judged = (_Event(base, head, today, event).report() for event in events)
    envelopes = (_envelope(base, head, name, today) for name in sorted(base.catalog.envelopes))
    shared = shared_reports(base, head, partial(version_changes, head=head, today=today))
    context = _context(base, head, today)
    common = (*envelopes, context, applications_report(base, head), *shared)
    return Report(
        events=tuple(report for report in (*common, *judged) if report is not None),
    )


def version_changes(
    base: Snapshot, head: Snapshot, folder: str, today: dt.date
) -> Iterator[Finding]:
    """Merged versions below ``folder`` that are gone or say something else."""
    for path, before in base.documents.items():
        if not path.startswith(f"{folder}/"):
            continue
        if path not in head.documents:
            yield Finding(
                code="version.removed",
                target=Target.FILES,
                breaking=True,
                pointer="",
                message=f"{path} is gone: clients may still send it, and old data names it",
                way_out="put the file back; x-deprecated in it says when the version ends",
                path=path,
            )
        elif _text(before) != _text(head.documents[path]):
            yield Finding(
                code="version.edited",
                target=Target.FILES,
                breaking=True,
                pointer="",
                message=f"{path} says something else than the version that is merged",
                way_out=_NEW_VERSION,
                path=path,
            )
        elif (ends := _ends_on(head.documents[path])) < (told := _ends_on(before)) and (
            told < dt.date.max or ends <= today
        ):
            when = f"the day that clients were told, {told}" if told < dt.date.max else "any notice"
            yield Finding(
                code="version.ends-earlier",
                target=Target.FILES,
                breaking=True,
                pointer="/x-deprecated",
                message=f"{path} ends on {ends}, before {when}",
                way_out="keep the day that was announced, or choose one that is still to come",
                path=path,
            )


def _text(document: Any) -> str:
    """Equal for files that differ in white space only, or in the notice of their own end.

    The order of fields counts: it is the Avro schema's.  A version can only be marked as
    deprecated in its own file, after it was merged.
    """
    return json.dumps({name: said for name, said in document.items() if name != "x-deprecated"})


def _ends_on(document: Any) -> dt.date:
    """The announced last day of a version; a version without one has no end."""
    notice = document.get("x-deprecated", {})
    ends = [dt.date.fromisoformat(notice[day]) for day in ("sunset", "retired") if day in notice]
    return min(ends, default=dt.date.max)


@dataclass(frozen=True, slots=True)
class _Event:
    base: Snapshot
    head: Snapshot
    today: dt.date
    event: str

    def report(self) -> EventReport | None:
        """``None`` when nothing changed."""
        old, new = self._newest(self.base.catalog), self._newest(self.head.catalog)
        files = tuple(version_changes(self.base, self.head, f"events/{self.event}", self.today))
        if new is None:
            assert old is not None
            return EventReport(event=self.event, contract=old.id, earlier=(), findings=files)
        pairs = tuple(self._pairs())
        steps, creates, table_findings = self._table(old, new)
        findings = (*files, *self._name(), *self._compatibility(pairs), *table_findings)
        if not findings and not pairs and not creates:
            return None
        return EventReport(
            event=self.event,
            contract=new.id,
            earlier=tuple(dict.fromkeys(earlier.id for earlier, _ in pairs)),
            findings=_without_repetition(_in_file(_version_path(new), *findings)),
            steps=steps,
            creates=creates,
            forward=self._forward(pairs, new),
        )

    def _newest(self, catalog: Catalog) -> Contract | None:
        return catalog.get(self.event) if self.event in catalog.versions else None

    def _name(self) -> Iterator[Finding]:
        """What a new event's name is taken by."""
        taken = reserved_events().get(self.event)
        if taken is not None and self.event not in self.base.catalog.versions:
            yield Finding(
                code="event.reserved",
                target=Target.FILES,
                breaking=True,
                pointer="",
                message=f"{self.event} is {taken}: with it nothing would start",
                way_out="give the event another name",
            )

    def _pairs(self) -> Iterator[tuple[Contract, Contract]]:
        """Every earlier version with every later one that is new, or no longer what it was."""
        before = self.base.catalog.versions.get(self.event, {})
        after = self.head.catalog.versions.get(self.event, {})
        for number, new in sorted(after.items()):
            merged = before.get(number)
            if merged is not None and _text(merged.schema) == _text(new.schema):
                continue
            if merged is not None:
                yield merged, new
            for earlier in range(1, number):
                yield after[earlier], new

    def _compatibility(self, pairs: tuple[tuple[Contract, Contract], ...]) -> Iterator[Finding]:
        for old, new in pairs:
            if not self._may_be_refused(old):
                yield from _in_file(_version_path(new), *http.judge(old.schema, new.schema, old.id))
            yield from _in_file(_version_path(new), *self._avro(old, new))
        if not pairs and self.event in self.base.catalog.versions:
            # The message's own envelope may have changed around an event that did not.
            newest = self.head.catalog.get(self.event)
            for old in self.base.catalog.versions[self.event].values():
                yield from self._avro(old, newest)

    def _may_be_refused(self, old: Contract) -> bool:
        """Whether the version is retired, and its sunset was announced on the base and is over."""
        merged = self.base.catalog.versions.get(self.event, {}).get(old.version)
        return (
            merged is not None
            and merged.deprecation is not None
            and merged.deprecation.sunset <= self.today
            and old.deprecation is not None
            and old.deprecation.is_retired(self.today)
        )

    def _avro(self, old: Contract, new: Contract) -> tuple[Finding, ...]:
        writer = avro_schema(self._written_by(old), old)
        return avro.judge(old, new, writer, avro_schema(self.head.catalog, new))

    def _written_by(self, contract: Contract) -> Catalog:
        """The catalog whose message envelope data of ``contract`` has so far."""
        merged = self.base.catalog.versions.get(self.event, {})
        is_merged = contract.version in merged
        return self.base.catalog if is_merged else self.head.catalog

    def _forward(
        self, pairs: tuple[tuple[Contract, Contract], ...], new: Contract
    ) -> tuple[str, ...]:
        writer = avro_schema(self.head.catalog, new)
        return tuple(
            line
            for old, later in pairs
            if later is new
            for line in avro.forward(old, writer, avro_schema(self._written_by(old), old))
        )

    def _table(
        self, old: Contract | None, new: Contract
    ) -> tuple[tuple[Step, ...], str | None, tuple[Finding, ...]]:
        had, has = (
            contract in catalog.tables
            for contract, catalog in ((old, self.base.catalog), (new, self.head.catalog))
        )
        try:
            after = table_for(new, self.head.catalog.naming.database)
        except TableError as error:
            return (), None, (_no_table(str(error), "name the fields so that they stay apart"),)
        if had and not has:
            message = f"the table {after.name} would get no more rows: the event became a half"
            return (), None, (_no_table(message, "pair new events instead"),)
        if old is None or not had:
            return (), after.create_statement() if has else None, ()
        steps = table_changes(table_for(old, after.database), after)
        return steps, None, tables.judge(old, new, steps)


def _version_path(contract: Contract) -> str:
    return f"events/{contract.event}/v{contract.version}.json"


def _in_file(path: str, *findings: Finding) -> tuple[Finding, ...]:
    """The findings; those that name no file are about ``path``."""
    return tuple(each if each.path else replace(each, path=path) for each in findings)


def _no_table(message: str, way_out: str) -> Finding:
    return Finding(
        code="clickhouse.refused",
        target=Target.CLICKHOUSE,
        breaking=True,
        pointer="",
        message=message,
        way_out=way_out,
    )


def _without_repetition(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """One change that shows against several earlier versions is told once, the worst first."""
    seen: dict[tuple[str, str, str, bool], Finding] = {}
    for finding in findings:
        key = (finding.target, finding.code, finding.pointer, finding.payload is None)
        seen.setdefault(key, finding)
    order = list(Target)
    return tuple(
        sorted(seen.values(), key=lambda f: (not f.breaking, order.index(f.target), f.pointer))
    )


def _context(base: Snapshot, head: Snapshot, today: dt.date) -> EventReport | None:
    """What all events are sent with; what that is in Avro and in tables is told at each event."""
    findings = tuple(version_changes(base, head, CONTEXT_FOLDER, today))
    before, after = base.catalog.context, head.catalog.context
    if before is not None and after is not None:
        for version, document in before.documents.items():
            against = f"{CONTEXT_FOLDER}@{version}"
            newest = f"{CONTEXT_FOLDER}/v{after.version}.json"
            judged = http.judge(document, after.schema, against)
            findings += tuple(replace(each, path=newest) for each in judged)
    if not findings:
        return None
    return EventReport(
        event=CONTEXT_FOLDER,
        contract=f"{CONTEXT_FOLDER}@{after.version if after else 0}",
        earlier=tuple(f"{CONTEXT_FOLDER}@{n}" for n in sorted(before.documents if before else ())),
        findings=_without_repetition(findings),
    )


def _envelope(base: Snapshot, head: Snapshot, name: str, today: dt.date) -> EventReport | None:
    """What clients send around ``data``; the message's envelope is part of each Avro schema."""
    findings = tuple(version_changes(base, head, f"envelopes/{name}", today))
    new = head.catalog.envelopes.get(name)
    version = new.version if new else 0
    earlier = sorted(path for path in base.documents if path.startswith(f"envelopes/{name}/"))
    if new is not None and name == "request":
        # The members of a context are told once, when there is one at all: later changes of it are
        # its own.
        is_told = base.catalog.context is not None
        after = head.documents[f"envelopes/{name}/v{version}.json"] if is_told else new.schema
        for path in earlier:
            findings += http.judge(base.documents[path], after, path)
    if not findings:
        return None
    return EventReport(
        event=f"envelope {name}",
        contract=f"{name}@{version}",
        earlier=tuple(earlier),
        findings=_without_repetition(_in_file(f"envelopes/{name}/v{version}.json", *findings)),
    )
