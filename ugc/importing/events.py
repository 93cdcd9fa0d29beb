"""Events of a plan → contracts: names, versions, and what no event may exceed. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.errors import SampleError
from contracts.lint import RULES, Severity
from contracts.lint.contract import check
from ugc.importing.convert import Conversion, Fate, FieldPath, FieldReport, with_lost
from ugc.importing.errors import TooLargeError, TooSlowError
from ugc.importing.examples import Examples, example_of
from ugc.importing.limits import DEEPEST, DEFAULT_LIMITS, Budget, Limits
from ugc.importing.names import Name, chosen_names
from ugc.importing.patterns import PatternJudge
from ugc.importing.plans import PlannedEvent
from ugc.importing.resolve import UntypedError
from ugc.importing.scalars import NoValueError
from ugc.importing.versions import breaks, unreadable

_LEVELS = (DEEPEST, 6, 3, 1)
"""How deep objects are unfolded; the first of these that keeps the limits is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Names that the platform uses itself, as columns of every table and as events."""

    columns: Collection[str] = frozenset()
    events: Collection[str] = frozenset()


NO_NAMES = Platform()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedEvent:
    """``document`` is the contract; ``None`` when nothing of the event could be taken.

    ``notes`` is about the event as a whole, ``names`` leads from a field's path in the plan to its
    name, ``findings`` is what ``ugc contracts lint`` would still call an error in it.
    """

    event: str
    version: int = 1
    planned: PlannedEvent
    document: dict[str, Any] | None
    fields: tuple[FieldReport, ...] = ()
    notes: tuple[str, ...] = ()
    names: Mapping[FieldPath, str] = field(default_factory=dict)
    findings: tuple[str, ...] = ()


def imported_all(
    planned: Sequence[PlannedEvent],
    *,
    owner: str,
    platform: Platform = NO_NAMES,
    limits: Limits = DEFAULT_LIMITS,
) -> list[ImportedEvent]:
    """The contracts of all events; versions of one event stand together, in order.

    Each event is on its own: what one of them cannot be is told and costs the others nothing.

    Args:
        planned: the events.
        owner: the team that answers for them.
        platform: names that cannot be had.
        limits: what each may cost.
    """
    families: dict[tuple[str, ...], list[PlannedEvent]] = {}
    for each in planned:
        families.setdefault(each.family, []).append(each)
    names = _event_names(families, platform)
    found: list[ImportedEvent] = []
    for family, versions in families.items():
        if family in names:
            found += _versions(versions, names[family], owner, platform, limits)
        else:
            found += [_refused(each.name, each, each.problem) for each in versions]
    return found


def _refused(name: str, planned: PlannedEvent, reason: object) -> ImportedEvent:
    report = FieldReport((), Fate.REFUSED, (str(reason),))
    return ImportedEvent(event=name, planned=planned, document=None, fields=(report,))


def _event_names(
    families: Mapping[tuple[str, ...], list[PlannedEvent]], platform: Platform
) -> dict[tuple[str, ...], Name]:
    """A name for each family that could be read, also where two, as of two vendors, have one."""
    spelt: dict[str, tuple[str, ...]] = {}
    for family, (first, *_) in families.items():
        if not first.problem:
            # A space behind a name is nothing in the contract's, and tells it from another.
            name = first.name.strip()
            while name in spelt:
                name += " "
            spelt[name] = family
    chosen = chosen_names(list(spelt), prefix="event", reserved=platform.events, instead="event")
    return {family: chosen[name] for name, family in spelt.items()}


def _versions(
    planned: list[PlannedEvent], name: Name, owner: str, platform: Platform, limits: Limits
) -> list[ImportedEvent]:
    found: list[ImportedEvent] = []
    taken: list[ImportedEvent] = []
    for each in sorted(planned, key=lambda event: event.version):
        twin = next((old for old in found if old.planned.version == each.version), None)
        if twin is not None:
            reason = f"{twin.planned.where} has its version already"
            found.append(_refused(name.name, each, reason))
            continue
        known = taken[-1].names if taken else {}
        event = _imported(each, name.name, owner, platform, limits, known)
        event = _beside(event, taken, is_alone=len(planned) == 1)
        if name.reason:
            event = replace(event, notes=(name.note, *event.notes))
        taken += [event] if event.document is not None else []
        found.append(event)
    return found


def _beside(event: ImportedEvent, taken: list[ImportedEvent], *, is_alone: bool) -> ImportedEvent:
    """The event as the version behind those, unless it cannot be."""
    if event.document is None or is_alone:
        return event
    notes = [f"{event.planned.source} is version {len(taken) + 1}"]
    documents = [each.document for each in taken if each.document is not None]
    if taken and not event.findings and not any(each.findings for each in taken):
        if (reason := unreadable(event.event, documents, event.document)) is not None:
            return _refused(event.event, event.planned, reason)
        notes += breaks(taken[-1].version, documents[-1], event.document)
    return replace(event, version=len(taken) + 1, notes=(*notes, *event.notes))


def _imported(
    planned: PlannedEvent,
    name: str,
    owner: str,
    platform: Platform,
    limits: Limits,
    known: Mapping[FieldPath, str],
) -> ImportedEvent:
    """The contract of one planned event; ``known`` has the names of the version before."""
    try:
        if not _is_unicode(planned):
            return _refused(name, planned, "it holds half of a surrogate pair, which is no text")
        conversion, data = _converted(planned.schema, platform, limits, known)
        document = _document(planned, name, owner, data)
        _check_size(document, limits)
    except (UntypedError, NoValueError, TooLargeError, TooSlowError) as error:
        return _refused(name, planned, error)
    except SampleError as error:
        return _refused(name, planned, f"no example of it could be made: {error}")
    except RecursionError:
        return _refused(name, planned, "it is nested deeper than the interpreter can follow")
    notes = tuple(dict.fromkeys((*planned.notes, *conversion.notes)))
    document["description"] = with_lost(document["description"], notes)
    return ImportedEvent(
        event=name,
        planned=planned,
        document=document,
        fields=tuple(conversion.reports),
        notes=notes,
        names=conversion.names,
        findings=_findings(document, platform),
    )


def _is_unicode(planned: PlannedEvent) -> bool:
    texts = [planned.schema, planned.name, planned.description]
    try:
        json.dumps(texts, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _converted(
    schema: Any, platform: Platform, limits: Limits, known: Mapping[FieldPath, str]
) -> tuple[Conversion, dict[str, Any]]:
    """As many levels of objects as the limits have room for.

    Raises:
        TooLargeError: even one level is too much.
        TooSlowError: it takes too long.
        UntypedError, NoValueError: as :meth:`Conversion.root`.
    """
    judge, examples, budget = PatternJudge(), Examples(), Budget(limits)
    for levels in _LEVELS:
        budget.again()
        conversion = Conversion(schema, platform.columns, budget, judge, examples, levels, known)
        try:
            return conversion, conversion.root()
        except TooLargeError as error:
            too_large = error
            if not conversion.names:  # It was too much before there was a level.
                break
    raise too_large


def _document(
    planned: PlannedEvent, event: str, owner: str, data: dict[str, Any]
) -> dict[str, Any]:
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": planned.name.strip() or event,
        "description": planned.description.strip() or f"The event {event.replace('_', ' ')}.",
        "x-owner": owner,
        "x-origin": "client",
        **data,
    }
    return {**document, "examples": [example_of(document)]}


def _check_size(document: Mapping[str, Any], limits: Limits) -> None:
    if len(json.dumps(document, ensure_ascii=False).encode()) > limits.contract_bytes:
        kib = limits.contract_bytes // 1024
        raise TooLargeError(f"its contract would have more than {kib} KiB")


def _findings(document: dict[str, Any], platform: Platform) -> tuple[str, ...]:
    notes, _ = check(document, frozenset(platform.columns))
    return tuple(
        f"{note.pointer or '/'} {note.message}"
        for note in notes
        if RULES[note.code].severity is Severity.ERROR
    )
