"""What became of a plan's events, in words and as JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from contracts.visible import counted
from ugc.importing.convert import Fate, FieldReport
from ugc.importing.events import ImportedEvent


def in_words(events: Sequence[ImportedEvent]) -> Iterator[str]:
    """A line for each event and field, and the sum."""
    for each in events:
        yield f"{each.planned.name!r} ({each.planned.source}) → {_outcome(each)}"
        yield from (f"    (event): {note}" for note in each.notes)
        yield from (f"    {_line(report)}" for report in each.fields)
    counts = _counts([report for each in events for report in each.fields])
    taken = sum(each.document is not None for each in events)
    fields = ", ".join(f"{count} {fate}" for fate, count in counts.items())
    yield f"{taken} of {counted(len(events), 'event')}; fields: {fields}"


def _outcome(each: ImportedEvent) -> str:
    if each.document is None:
        return "refused"
    to_do = "".join(f"; still to do: {finding}" for finding in each.findings)
    return f"{each.event}@{each.version}{to_do}"


def _line(report: FieldReport) -> str:
    notes = f" ({'; '.join(report.notes)})" if report.notes else ""
    return f"{str(report) or '(event)'}: {report.fate}{notes}"


def summary(events: Sequence[ImportedEvent]) -> dict[str, Any]:
    """``fields`` counts fates; ``events`` has a record for each, with its fields' in ``fields``."""
    return {
        "fields": _counts([report for each in events for report in each.fields]),
        "events": [
            {
                "event": each.event,
                "version": each.version,
                "name": each.planned.name,
                "source": each.planned.source,
                "taken": each.document is not None,
                "notes": list(each.notes),
                "findings": list(each.findings),
                "fields": [
                    {"path": str(report), "fate": report.fate, "notes": list(report.notes)}
                    for report in each.fields
                ],
            }
            for each in events
        ],
    }


def _counts(reports: Sequence[FieldReport]) -> dict[str, int]:
    return {fate.value: sum(report.fate is fate for report in reports) for fate in Fate}
