"""Everything that an event's page shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ch_schema.ddl.tables import Table
from ch_schema.ddl.views import View
from contracts.model.types import Contract, Deprecation, Origin
from registry.avro import record_name
from ugc.catalog import snippets
from ugc.catalog.about import About
from ugc.catalog.comparison import pairs
from ugc.catalog.fields import FieldRow
from ugc.catalog.overview import Overview
from ugc.catalog.picture import Box, Picture, drawn
from ugc.compatibility.findings import EventReport


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version: how it is to end, what replacing the one before means, and its comparisons."""

    contract: Contract
    fields: int
    ending: Deprecation | None
    verdict: EventReport | None
    compared_with: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """``contract`` is the version that is shown; ``table`` is that of the event it becomes."""

    contract: Contract
    newest: Contract
    when: tuple[str, ...]
    senders: tuple[str, ...] | None
    fields: tuple[FieldRow, ...]
    context: tuple[FieldRow, ...]
    objectives: tuple[tuple[str, str], ...]
    versions: tuple[VersionRow, ...]
    picture: Picture
    names: tuple[tuple[str, str], ...]
    halves: tuple[Contract, ...]
    becomes: tuple[str, ...]
    table: Table | None
    reports: tuple[View, ...]
    sending: tuple[snippets.Snippet, ...]
    asking: tuple[snippets.Snippet, ...]

    @property
    def is_newest(self) -> bool:
        """Whether it is the version that counts where none is named."""
        return self.contract.version == self.newest.version


def event_page(overview: Overview, contract: Contract, about: About) -> EventPage:
    """The page of one version."""
    event = contract.event
    becomes = overview.becomes.get(event, ())
    table = overview.tables.get(event) or next(
        (overview.tables[each] for each in becomes if each in overview.tables), None
    )
    reports = overview.reports.get(table.name, ()) if table else ()
    return EventPage(
        contract=contract,
        newest=overview.catalog.get(event),
        when=tuple(_when(overview, contract)),
        senders=overview.senders(event) if contract.origin is Origin.CLIENT else (),
        fields=overview.fields(contract),
        context=overview.context,
        objectives=tuple(_objectives(contract)),
        versions=tuple(_versions(overview, event)),
        picture=_picture(overview, contract, table, about.topic),
        names=tuple(_names(overview, contract, table, about.topic)),
        halves=tuple(overview.halves(contract)),
        becomes=becomes,
        table=table,
        reports=reports,
        sending=snippets.sending(overview.catalog, contract, about.api),
        asking=snippets.asking(table, overview.targets.databases) if table else (),
    )


def _when(overview: Overview, contract: Contract) -> Iterator[str]:
    """When it is sent, and what belongs to it."""
    yield contract.title
    for event in overview.becomes.get(contract.event, ()):
        pairing = overview.catalog.pairings[event]
        is_start = contract.event == pairing.start
        other = pairing.end if is_start else pairing.start
        keys = ", ".join(pairing.keys)
        yield (
            f"It {'begins' if is_start else 'ends'} {event}: send the same {keys} in {other}, as"
            " the same user"
        )
    if (own := contract.pairing) is not None:
        yield (
            f"Nobody sends it: the loader makes it of {own.start} and {own.end}, or of the"
            f" first alone when the second has not come in {_duration(own.wait_seconds)}"
        )


def _duration(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{seconds} seconds"


def _objectives(contract: Contract) -> Iterator[tuple[str, str]]:
    found = contract.quality
    shares = (
        ("refused as invalid", found.max_invalid_ratio),
        ("sent more than once", found.max_duplicate_ratio),
        ("lost on the way", found.max_gap_ratio),
        ("without a partner", found.max_unpaired_ratio),
    )
    for words, ratio in shares:
        if ratio is not None:
            yield words, f"at most {ratio * 100:g} %"
    if found.max_freshness_seconds is not None:
        yield "loaded after", f"at most {_duration(found.max_freshness_seconds)}"


def _versions(overview: Overview, event: str) -> Iterator[VersionRow]:
    newest_first = overview.versions(event)
    numbers = [each.version for each in newest_first]
    compared: dict[int, tuple[int, ...]] = {}
    for old, new in pairs(numbers):
        compared[new] = (old, *compared.get(new, ()))
    for contract, before in zip(newest_first, [*newest_first[1:], None], strict=True):
        yield VersionRow(
            contract=contract,
            fields=len(overview.fields(contract)),
            ending=contract.deprecation,
            verdict=None if before is None else overview.report(before, contract),
            compared_with=compared.get(contract.version, ()),
        )


def _picture(overview: Overview, contract: Contract, table: Table | None, topic: str) -> Picture:
    """Senders → event → topic → (derived event) → table → view → reports."""
    event = contract.event
    made = contract if contract.pairing else None
    if made is None and (derived := overview.becomes.get(event)):
        made = overview.catalog.get(derived[0])
    sent = [each.event for each in overview.halves(made)] if made else [event]
    rows = [
        [Box("front ends send", name, name == event) for name in dict.fromkeys(sent)],
        [Box("Kafka topic, in Avro", topic)],
    ]
    if made is not None:
        rows.append([Box("the loader pairs them into", made.event, made.event == event)])
    if table is not None:
        names = overview.targets.databases
        rows += [
            [Box("table", f"{names.tables}.{table.name}")],
            [Box("view without duplicates", f"{names.unique}.{table.name}")],
        ]
        reports = overview.reports.get(table.name, ())
        shown = [Box("report", f"{names.reports}.{each.name}") for each in reports]
        if len(shown) == 1:
            rows.append(shown)
        elif shown:
            rows.append([Box(f"{len(shown)} reports in", names.reports)])
    words = "; then ".join(", ".join(f"{box.kind}: {box.name}" for box in row) for row in rows)
    return drawn(rows, words)


def _names(
    overview: Overview, contract: Contract, table: Table | None, topic: str
) -> Iterator[tuple[str, str]]:
    """What the event is called elsewhere."""
    naming = overview.catalog.naming
    yield "Kafka topic", topic
    yield "Avro record and subject", record_name(contract.event, naming.namespace)
    if table is not None:
        names = overview.targets.databases
        yield "Table", f"{names.tables}.{table.name}"
        yield "View without duplicates", f"{names.unique}.{table.name}"
        for view in overview.reports.get(table.name, ()):
            yield "Report", f"{names.reports}.{view.name}"
