"""Holds what is known of a stretch of time against the objectives that contracts declare. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin
from contracts.visible import counted
from etl.plain import plain
from etl.quality.client_numbers import ClientNumbers
from etl.sequence.gaps import GapSummary
from registry.keys import wholes_by_half

_MOST_SKEWED = 0.01
"""Ends do come after the waiting time now and then; more of them are a clock that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """One event's messages in that time, from the reports; ``rows`` None when it has no table.

    ``rows`` are those in the table, read with FINAL, out of the offsets that the reports cover.
    """

    consumed: int = 0
    loaded: int = 0
    duplicates: int = 0
    dead: int = 0
    unstamped: int = 0
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """Rows of a derived event that were stored in that time; ``skewed`` of the pairs then."""

    paired: int
    unpaired: int
    skewed: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A partition with messages that are not loaded: how many, the oldest's age, and its event.

    The event as the message's key has it: :func:`registry.keys.name_in_key`.
    """

    partition: int
    messages: int
    event: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class RangeFault:
    """Offsets that no run has settled (``gap``), or that two have (``overlap``)."""

    kind: str
    partition: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known. ``refused`` (by event) and ``numbers`` are None when nobody could tell.

    ``clients`` is None where the context has no such numbers.
    """

    runs: int = 0
    interrupted: int = 0
    unbalanced: int = 0
    events: Mapping[str, EventFacts] = field(default_factory=dict)
    views: Mapping[str, ViewFacts] = field(default_factory=dict)
    refused: Mapping[str, int] | None = None
    refusal_reasons: Mapping[str, int] = field(default_factory=dict)
    numbers: GapSummary | None = None
    clients: Sequence[ClientNumbers] | None = None
    range_faults: Sequence[RangeFault] = ()
    waiting: Sequence[Waiting] = ()
    from_the_future: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was checked.

    ``measured`` and ``limit`` are shares, seconds or counts, as ``check`` says; ``event`` is None
    where it is about all.  ``met`` None: it could not be told.
    """

    check: str
    event: str | None
    measured: float | None
    limit: float
    met: bool | None
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All that was checked, and what it was checked on."""

    facts: Facts
    findings: tuple[Finding, ...]

    @property
    def met(self) -> bool:
        """Whether no objective is missed."""
        return all(finding.met is not False for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {
            "met": self.met,
            "findings": [plain(finding) for finding in self.findings],
            "facts": plain(self.facts),
        }


def judge(catalog: Catalog, facts: Facts) -> Verdict:
    """Checks everything."""
    findings = [*_coverage(facts), *_clients(catalog, facts.clients or ())]
    for contract in catalog.newest:
        findings += _of_event(contract, facts, _names_in_keys(catalog, contract))
    return Verdict(facts=facts, findings=tuple(findings))


def range_faults(ranges: Sequence[tuple[int, int, int]]) -> list[RangeFault]:
    """Gaps and overlaps in (partition, from, to); where the first begins is not judged."""
    faults: list[RangeFault] = []
    reached: dict[int, int] = {}
    for partition, start, stop in sorted(ranges):
        known = reached.get(partition, start)
        if start > known:
            faults.append(RangeFault("gap", partition, known, start))
        elif start < known:
            faults.append(RangeFault("overlap", partition, start, min(known, stop)))
        reached[partition] = max(known, stop)
    return faults


def _coverage(facts: Facts) -> Iterator[Finding]:
    faults = facts.range_faults
    told = ", ".join(f"{f.kind} in partition {f.partition}: {f.start}-{f.stop}" for f in faults[:5])
    yield Finding(
        check="offset ranges",
        event=None,
        measured=len(faults),
        limit=0,
        met=not faults,
        explanation=told
        or "every offset is in the report of exactly one run: nothing was skipped or read twice",
    )
    yield Finding(
        check="times to come",
        event=None,
        measured=facts.from_the_future,
        limit=0,
        met=not facts.from_the_future,
        explanation=f"{facts.from_the_future} runs or waiting messages have times more than a"
        " minute ahead of this host's clock: it, a loader's or a worker's is wrong",
    )
    yield Finding(
        check="balanced runs",
        event=None,
        measured=facts.unbalanced,
        limit=0,
        met=not facts.unbalanced,
        explanation=f"{facts.unbalanced} of {facts.runs} runs do not account for every message;"
        f" {facts.interrupted} were interrupted and taken over",
    )


def _of_event(contract: Contract, facts: Facts, names: Collection[str]) -> Iterator[Finding]:
    quality, event = contract.quality, contract.event
    counts = facts.events.get(event, EventFacts())
    if quality.max_invalid_ratio is not None:
        yield _invalid(event, counts, facts, quality.max_invalid_ratio)
    if quality.max_duplicate_ratio is not None:
        yield _share(
            "duplicates",
            event,
            counts.duplicates,
            counts.consumed,
            quality.max_duplicate_ratio,
            "messages repeat an earlier one",
        )
    if quality.max_gap_ratio is not None:
        yield _gaps(event, facts.numbers, quality.max_gap_ratio)
    if counts.rows is not None:
        # A repetition later than the window of duplicates is loaded, and is no row of its own.
        allowed = quality.max_duplicate_ratio or 0.0
        yield _share(
            "missing rows",
            event,
            max(0, counts.loaded - counts.rows),
            counts.loaded,
            allowed,
            "loaded messages are no row: removed, or late repetitions",
        )
    if quality.max_unpaired_ratio is not None:
        views = facts.views.get(event, ViewFacts(0, 0))
        total = views.paired + views.unpaired
        limit = quality.max_unpaired_ratio
        yield _conduct("unpaired", event, views.unpaired, total, limit, "views have no end")
    if contract.pairing is not None:
        views = facts.views.get(event, ViewFacts(0, 0))
        what = "pairs have their end before their start, or longer after it than a start waits"
        yield _conduct("clocks", event, views.skewed, views.paired, _MOST_SKEWED, what)
    if quality.max_freshness_seconds is not None:
        yield _freshness(contract, facts, names, quality.max_freshness_seconds)


def _clients(catalog: Catalog, found: Sequence[ClientNumbers]) -> Iterator[Finding]:
    """A number does not tell its event, so the strictest objective of what clients send counts.

    One that the API refused is missing too, and is tolerated by the other objective.
    """
    sent = [each.quality for each in catalog.newest if each.origin is Origin.CLIENT]
    lost = [
        each.max_gap_ratio + (each.max_invalid_ratio or 0.0)
        for each in sent
        if each.max_gap_ratio is not None
    ]
    doubled = [most for each in sent if (most := each.max_duplicate_ratio) is not None]
    for each in found:
        if lost:
            numbers = each.rows - each.repeated + each.missing
            told = f"numbers of {each.name} came to no row: not sent, lost, or refused by the API"
            if each.awaited:
                told += f"; {each.awaited} more may still come"
            yield _conduct("client numbers", None, each.missing, numbers, min(lost), told)
        if doubled and each.repeated:
            told = f"rows of {each.name} have a number that another event of the installation has"
            yield _conduct("client repeats", None, each.repeated, each.rows, min(doubled), told)


def _share(
    check: str, event: str | None, part: int, whole: int, limit: float, what: str
) -> Finding:
    measured = part / whole if whole else 0.0
    return Finding(
        check=check,
        event=event,
        measured=measured,
        limit=limit,
        met=measured <= limit,
        explanation=f"{part} of {whole} {what}",
    )


def _conduct(
    check: str, event: str | None, part: int, whole: int, limit: float, what: str
) -> Finding:
    """A share that senders bring about. One case alone misses no objective that tolerates some."""
    found = _share(check, event, part, whole, limit, what)
    if found.met or part > 1 or limit == 0:
        return found
    return replace(found, met=True, explanation=f"{found.explanation}; one alone is tolerated")


def _invalid(event: str, counts: EventFacts, facts: Facts, limit: float) -> Finding:
    refused = None if facts.refused is None else facts.refused.get(event, 0)
    bad = counts.dead + (refused or 0)
    told = (
        "refused by the API: not known, so dead letters alone"
        if refused is None
        else f"refused by the API or unusable ({refused} and {counts.dead})"
    )
    return _conduct("invalid", event, bad, counts.consumed + (refused or 0), limit, told)


def _gaps(event: str, numbers: GapSummary | None, limit: float) -> Finding:
    """A number that did not come does not tell its event, so the share of all is judged."""
    if numbers is None:
        told = "not known: no run has read all partitions to their ends yet"
        return Finding(
            check="gaps", event=event, measured=None, limit=limit, met=None, explanation=told
        )
    worst = ", ".join(
        f"producer {each.producer[:8]}: {each.missing}"
        for each in numbers.producers[:3]
        if each.missing
    )
    told = "of all numbers that API workers gave are of accepted events that never came"
    if worst:
        told += f" ({worst})"
    if numbers.cut_off:
        told += f"; {numbers.cut_off} more of requests that were cut off before an answer"
    return _share("gaps", event, numbers.missing, numbers.given, limit, told)


def _names_in_keys(catalog: Catalog, contract: Contract) -> set[str]:
    """What keys of the event's messages begin with, or of those that it is made of."""
    pairing, event = contract.pairing, contract.event
    halves = {pairing.start, pairing.end} if pairing else set()
    return {event, wholes_by_half(catalog).get(event, event), *halves}


def _freshness(contract: Contract, facts: Facts, names: Collection[str], limit: int) -> Finding:
    late = [each for each in facts.waiting if each.event in names]
    oldest = max(late, key=lambda each: each.age_seconds, default=None)
    told = "nothing waits to be loaded"
    if oldest is not None:
        told = (
            f"partition {oldest.partition}: {counted(oldest.messages, 'message')} waiting,"
            f" the oldest since {oldest.age_seconds:.0f} s"
        )
    age = oldest.age_seconds if oldest else 0.0
    return Finding(
        check="freshness",
        event=contract.event,
        measured=age,
        limit=limit,
        met=age <= limit,
        explanation=told,
    )
