"""What many contracts cost: a start, a check, and an event, by ``bench/many_contracts.py``.

Starts and checks run on both cores, as a user's do; an event on the measured one.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.harness.machine import MEASURED_CORE, on_core
from bench.harness.results import Case, Role, Sample
from bench.many_contracts import (
    EVENTS,
    Bench,
    check_of,
    contracts_in,
    json_of,
    repository_in,
    start,
)

FEW, SERVED, MANY, CHECKED = 10, 200, 1_000, 500
_TURNS = 5
"""Of the events in a round: their median is the round's figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractsCase:
    """``against`` names the same with few contracts, or with files that are only loaded."""

    name: str
    title: str
    against: tuple[str, ...] = ()

    @property
    def role(self) -> Role:
        return "ours" if self.against else "baseline"


_START = ContractsCase(name="contracts/start-10", title=f"`ugc api serve`, {FEW} contracts")
_JSON = ContractsCase(name="contracts/json-500", title=f"files of {CHECKED} contracts, as JSON")
_EVENT = ContractsCase(name="contracts/event-10", title=f"API pipeline, events of {FEW} contracts")

CONTRACTS_CASES: tuple[ContractsCase, ...] = (
    _START,
    ContractsCase(
        name="contracts/start-200",
        title=f"`ugc api serve`, {SERVED} contracts",
        against=(_START.name,),
    ),
    _JSON,
    ContractsCase(
        name="contracts/check-500",
        title=f"`ugc contracts check`, {CHECKED} contracts",
        against=(_JSON.name,),
    ),
    _EVENT,
    ContractsCase(
        name="contracts/event-1000",
        title=f"API pipeline, events of {MANY:,} contracts in turn",
        against=(_EVENT.name,),
    ),
    ContractsCase(
        name="contracts/event-10-of-1000",
        title=f"API pipeline, events of {FEW} of {MANY:,} contracts",
        against=(_EVENT.name,),
    ),
)


def measure(cases: tuple[ContractsCase, ...], rounds: int) -> Iterator[tuple[int, str, Sample]]:
    """Round by round, every case in each."""
    with tempfile.TemporaryDirectory() as name:
        meters = _meters(Path(name), {case.name for case in cases})
        for number in range(rounds):
            for case in cases:
                yield number, case.name, meters[case.name]()


def collected(cases: tuple[ContractsCase, ...], samples: Mapping[str, list[Sample]]) -> list[Case]:
    """What was measured, as a run keeps it."""
    return [
        Case(
            name=case.name,
            title=case.title,
            role=case.role,
            against=case.against,
            samples=tuple(samples[case.name]),
        )
        for case in cases
    ]


def _meters(folder: Path, names: set[str]) -> Mapping[str, Callable[[], Sample]]:
    """What measures each case; prepares only what these need."""
    found: dict[str, Callable[[], Sample]] = {}
    if any(name.startswith("contracts/start") for name in names):
        start(folder, FEW, remembering=False)  # writes the byte code
        found[_START.name] = partial(_start, folder, FEW)
        found["contracts/start-200"] = partial(_start, folder, SERVED)
    if names & {_JSON.name, "contracts/check-500"}:
        contracts = repository_in(folder, CHECKED)
        found[_JSON.name] = lambda: _spent(json_of(contracts))
        found["contracts/check-500"] = lambda: _spent(check_of(contracts))
    if any(name.startswith("contracts/event") for name in names):
        few, many = (
            Bench(contracts_in(Path(tempfile.mkdtemp(dir=folder)), count)) for count in (FEW, MANY)
        )
        found[_EVENT.name] = partial(_event, few, FEW)
        found["contracts/event-1000"] = partial(_event, many, MANY)
        found["contracts/event-10-of-1000"] = partial(_event, many, FEW)
    return found


def _start(folder: Path, count: int) -> Sample:
    seconds, processor, memory_mb = start(folder, count, remembering=False)
    return {"seconds": seconds, "cpu_s": processor, "memory_mb": memory_mb}


def _spent(found: tuple[float, float]) -> Sample:
    seconds, processor = found
    return {"seconds": seconds, "cpu_s": processor}


def _event(bench: Bench, contracts: int) -> Sample:
    turns = []
    with on_core(MEASURED_CORE):
        for _ in range(_TURNS):
            began = time.process_time()
            bench.accept(contracts)
            turns.append((time.process_time() - began) / EVENTS * 1e6)
    return {"cpu_us": statistics.median(turns)}
