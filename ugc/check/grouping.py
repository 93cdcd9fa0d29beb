"""One entry for each field that changed, with what that means to every target in it. Pure.

HTTP's findings name every change, field by field.  Avro and ClickHouse speak of the same change at
the place where the type or the column is, which may be the list or the object around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ugc.check.entries import Entry, Level, Part
from ugc.compatibility.findings import EventReport, Finding, Report, Target

Place = Callable[[str, str], tuple[str, int]]
"""Path in the contract folder and pointer → the path as it is shown, and the line."""

_OF_CHANGES = (Target.HTTP, Target.AVRO, Target.CLICKHOUSE)


def entries_of(report: Report, place: Place) -> Iterator[Entry]:
    """The entries of a report, event by event."""
    for event in report.events:
        for effects in _groups(event):
            yield _entry(event, effects, place)


def field_of(pointer: str) -> str:
    """The field in which a pointer ends: ``/properties/f/items/maxLength`` → ``/properties/f``.

    What belongs to the contract as a whole ends at its keyword: ``/x-table/key`` → ``/x-table``.
    """
    steps = pointer.split("/")[1:]
    at = end = 0
    while at < len(steps):
        if steps[at] == "properties" and at + 1 < len(steps):
            at = end = at + 2
        elif steps[at] in ("items", "additionalProperties"):
            at += 1
        else:
            break
    return "".join(f"/{step}" for step in steps[: end or 1])


def _groups(event: EventReport) -> Iterator[tuple[Finding, ...]]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    alone = [each for each in event.findings if each.target not in _OF_CHANGES]
    yield from ((each,) for each in alone)
    twins: dict[tuple[str, str], str] = {}
    for finding in event.findings:
        if finding.target is Target.HTTP:
            field = field_of(finding.pointer)
            groups.setdefault((finding.path, field), []).append(finding)
            if finding.twin:
                twins[finding.path, finding.twin] = field
    told = tuple(groups)
    for finding in event.findings:
        if finding.target in _OF_CHANGES and finding.target is not Target.HTTP:
            field = field_of(finding.pointer)
            field = twins.get((finding.path, field), field)
            groups.setdefault(_nearest(told, finding.path, field), []).append(finding)
    yield from (tuple(found) for found in groups.values())


def _nearest(told: tuple[tuple[str, str], ...], path: str, field: str) -> tuple[str, str]:
    """The change that a finding at ``field`` speaks of: there, inside of it, or around it."""
    if not field or (path, field) in told:
        return path, field
    fields = [other for in_file, other in told if in_file == path]
    inside = [other for other in fields if other.startswith(f"{field}/")]
    around = [other for other in fields if other and field.startswith(f"{other}/")]
    return path, min(inside, default=max(around, key=len, default=field))


def _entry(event: EventReport, effects: tuple[Finding, ...], place: Place) -> Entry:
    breaking = [each for each in effects if each.breaking]
    main = (breaking or list(effects))[0]
    path, line = place(main.path or _newest_file(event), main.pointer)
    ways_out = [each.way_out for each in breaking if each.way_out]
    commands = [each for each in ways_out[1:] if "`ugc " in each]
    return Entry(
        part=Part.CHANGE,
        level=Level.ERROR if breaking else Level.NOTE,
        code=main.code,
        path=path,
        line=line,
        pointer=main.pointer,
        message=main.message,
        contract=event.contract,
        effects=effects,
        way_out="; ".join(dict.fromkeys([*ways_out[:1], *commands])),
    )


def _newest_file(event: EventReport) -> str:
    name, _, version = event.contract.partition("@")
    return f"events/{name}/v{version}.json"
