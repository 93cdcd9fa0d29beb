"""One run: every case in every round, so that what disturbs a round disturbs all alike."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.harness import api, contracts, loader, machine, scripts
from bench.harness.api import Measured
from bench.harness.cases import API_CASES, LOADER_CASES, ApiCase, LoaderCase
from bench.harness.contracts import CONTRACTS_CASES, ContractsCase
from bench.harness.results import Case, Results, Sample
from bench.harness.scripts import SCRIPT_CASES, ScriptCase
from bench.harness.stack import Parts, parts, require_programs

_Case = TypeVar("_Case", ApiCase, LoaderCase, ContractsCase, ScriptCase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How much is measured."""

    quick: bool = False
    only: str = ""
    """Beginnings of case names, separated by commas; nothing means all."""
    notes: tuple[str, ...] = ()

    @property
    def rounds(self) -> int:
        return 2 if self.quick else 3

    @property
    def seconds(self) -> float:
        """Of an API case in one round."""
        return 1.0 if self.quick else 3.0

    @property
    def backlog_messages(self) -> int:
        return 30_000 if self.quick else 150_000

    def chosen(self, cases: Iterable[_Case]) -> tuple[_Case, ...]:
        """Those that are measured, and those that they are held against."""
        known = list(cases)
        beginnings = tuple(filter(None, self.only.split(",")))
        if not beginnings:
            return tuple(known)
        asked = [case for case in known if case.name.startswith(beginnings)]
        wanted = {name for case in asked for name in (case.name, *case.against)}
        return tuple(case for case in known if case.name in wanted)


class Collected:
    """What the rounds have shown so far."""

    def __init__(self) -> None:
        self._samples: dict[str, list[Sample]] = {}
        self._answers: dict[str, Counter[str]] = {}

    def add(self, name: str, measured: Measured) -> None:
        self._samples.setdefault(name, []).append(measured.sample)
        self._answers.setdefault(name, Counter()).update(measured.answers)

    def case(self, case: ApiCase | LoaderCase | ScriptCase) -> Case:
        return Case(
            name=case.name,
            title=case.title,
            role=case.role,
            against=case.against,
            samples=tuple(self._samples[case.name]),
            answers=dict(self._answers[case.name]),
        )


def measure(scope: Scope) -> Results:
    """Measures what the scope says, and prints how it goes.

    Raises:
        MissingServerError: something is not installed; nothing was measured.
    """
    require_programs("git")
    api_cases, loader_cases = scope.chosen(API_CASES), scope.chosen(LOADER_CASES)
    taken = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = [*scope.notes, *_warnings()]
    script_cases = scope.chosen(SCRIPT_CASES)
    print(f"what is measured runs on core {machine.MEASURED_CORE}; the generator, broker, ", end="")
    print(f"registry, Redis and ClickHouse on core {machine.OTHER_CORE}", flush=True)
    found: list[Case] = []
    if api_cases or loader_cases:
        with tempfile.TemporaryDirectory() as name, parts(Path(name)) as running:
            if loader_cases:
                found += _loader(scope, running, loader_cases)
            if api_cases:
                found = _api(scope, running, api_cases) + found
    found += _contracts(scope, scope.chosen(CONTRACTS_CASES))
    found += _scripts(scope, script_cases)
    return Results(
        taken=taken,
        commit=machine.commit(),
        is_quick=scope.quick,
        notes=tuple(notes),
        machine=machine.description(),
        versions=machine.versions(),
        cases=tuple(found),
    )


def _warnings() -> list[str]:
    load = machine.load_average()
    if load <= machine.BUSY_LOAD:
        return []
    warning = f"Measured on a busy machine: load average {load:.1f} before the run began"
    print(f"WARNING: {warning}", flush=True)
    return [warning]


def _api(scope: Scope, running: Parts, cases: tuple[ApiCase, ...]) -> list[Case]:
    collected = Collected()
    with ExitStack() as open_servers:
        servers = {
            name: open_servers.enter_context(api.api_server(running, name))
            for name in dict.fromkeys(case.server for case in cases)
        }
        for number in range(scope.rounds):
            for case in cases:
                measured = api.measure(servers[case.server], case, scope.seconds)
                _say(number, case.name, measured)
                collected.add(case.name, measured)
    return [collected.case(case) for case in cases]


def _loader(scope: Scope, running: Parts, cases: tuple[LoaderCase, ...]) -> list[Case]:
    collected, size = Collected(), scope.backlog_messages
    with loader.warehouse(running, cases) as store:
        topics = loader.backlogs(running, cases, size)
        for number in range(scope.rounds):
            for case in cases:
                measured = loader.measure(running, store, case, topics[case.backlog], size)
                _say(number, case.name, measured)
                collected.add(case.name, measured)
    return [collected.case(case) for case in cases]


def _contracts(scope: Scope, cases: tuple[ContractsCase, ...]) -> list[Case]:
    samples: dict[str, list[Sample]] = {}
    for number, name, sample in contracts.measure(cases, scope.rounds) if cases else ():
        told = "  ".join(f"{metric} {value:,.2f}" for metric, value in sample.items())
        print(f"round {number + 1}  {name:26} {told}", flush=True)
        samples.setdefault(name, []).append(sample)
    return contracts.collected(cases, samples)


def _scripts(scope: Scope, cases: tuple[ScriptCase, ...]) -> list[Case]:
    """They have servers of their own, and take long: once in a quick run."""
    collected = Collected()
    for number in range(1 if scope.quick else scope.rounds):
        for case in cases:
            measured = Measured(scripts.measure(case, is_quick=scope.quick), {})
            _say(number, case.name, measured)
            collected.add(case.name, measured)
    return [collected.case(case) for case in cases]


def _say(number: int, name: str, measured: Measured) -> None:
    sample = measured.sample
    rate = f"{sample['events_per_s']:,.0f}" if "events_per_s" in sample else "?"
    latency = f"  p99 {sample['p99_ms']:7.1f} ms" if "p99_ms" in sample else ""
    spooled = f"  spooled {sample['spool_share']:.1%}" if "spool_share" in sample else ""
    latency += f"  p95 {sample['p95_ms']:7.1f} ms" if "p95_ms" in sample else ""
    odd = {status: n for status, n in measured.answers.items() if status not in {"202", "207"}}
    print(
        f"round {number + 1}  {name:22} {rate:>10}/s"
        f" {sample['cpu_us']:8.1f} µs{latency}{spooled}{f'  {odd}' if odd else ''}",
        flush=True,
    )
