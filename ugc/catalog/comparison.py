"""Two versions of one event: what changed, the verdict, its proof, the plan for the table. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.model.types import Contract
from contracts.visible import visible
from ugc.catalog.overview import Overview
from ugc.compatibility.findings import EventReport, Finding, Target

ALL_PAIRS = 32
"""Of so many versions, the newest, any two have a page: 496 at most."""

_AROUND = 3
"""Unchanged lines that are shown around a change."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the two texts: ``mark`` is "+", "-", " ", or "@" where lines are left out."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``report`` is the verdict on replacing ``old``; its findings tell every change."""

    old: Contract
    new: Contract
    report: EventReport
    lines: tuple[Line, ...]

    @property
    def otherwise(self) -> tuple[Finding, ...]:
        """What else is different for senders, which hurts nobody."""
        return tuple(each for each in self.report.harmless if each.target is Target.HTTP)

    @property
    def stored(self) -> tuple[Finding, ...]:
        """What else is different in Avro and in the table."""
        return tuple(each for each in self.report.harmless if each.target is not Target.HTTP)


def pairs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """The versions whose comparison has a page: neighbours, and any two of the newest."""
    newest = set(sorted(numbers)[-ALL_PAIRS:])
    ordered = sorted(numbers)
    for place, old in enumerate(ordered):
        for new in ordered[place + 1 :]:
            if new == ordered[place + 1] or (old in newest and new in newest):
                yield old, new


def compare(overview: Overview, old: Contract, new: Contract) -> Comparison:
    """The later version of an event held against an earlier one."""
    return Comparison(
        old=old,
        new=new,
        report=overview.report(old, new),
        lines=tuple(_lines(_text(old), _text(new))),
    )


def _text(contract: Contract) -> list[str]:
    text = json.dumps(contract.schema, indent=2, ensure_ascii=False)
    return visible(text).splitlines()


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    found = difflib.unified_diff(before, after, n=_AROUND, lineterm="")
    for number, line in enumerate(found):
        if number < 2:
            continue  # the names of files
        mark = line[:1]
        yield Line(mark, "" if mark == "@" else line[1:])
