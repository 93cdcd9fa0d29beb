"""The demo, step by step: a stack of its own, one of each event, visitors, totals."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from ch_schema.client.connect import connect
from contracts.model.loader import Catalog, copy_contracts, load_catalog
from contracts.visible import counted
from ugc.demo import report
from ugc.demo.totals import add_up, checks
from ugc.errors import UgcError
from ugc.local.stack import PartName, Stack, StackConfig
from ugc.traffic.run import Traffic, repertoire_of
from ugc.traffic.sender import Tally
from ugc.traffic.visitor import Habits, Step
from ugc.wiring import contracts_folder

WAIT_SECONDS = 8
"""So long a start waits for its end in the demo; contracts say hours."""

_HURRIED = Habits(think_seconds=0.2)
_WAVES = 3
_AT_ONCE = 48
_RUN_SECONDS = 120


class DemoError(UgcError):
    """A step of the demo failed."""


def run_demo(state_dir: Path, *, visits: int, seed: int, console: Console) -> bool:
    """Shows the whole path once and stops everything again; returns whether the totals reconcile.

    Args:
        state_dir: folder of the demo's stack; what an earlier demo left in it is removed.
        visits: visitor sessions to send.
        seed: chooses the visitors.
        console: where progress and the report go.

    Raises:
        NothingToSendError: the contracts have no event that a client can send.
        StackError, DemoError: a part does not start, or a run of the loader fails.
        ContractError: the contracts cannot be loaded.
    """
    own = contracts_folder(os.environ)
    repertoire_of(load_catalog(own), own)
    console.print(f"The contracts are those in {own}.", markup=False)
    with tempfile.TemporaryDirectory(prefix="ugc-demo-") as folder:
        contracts_dir = _impatient_contracts(own, Path(folder) / "contracts")
        return _run(state_dir, contracts_dir, visits, seed, console)


def _run(state_dir: Path, contracts_dir: Path, visits: int, seed: int, console: Console) -> bool:
    config = StackConfig(
        state_dir=state_dir,
        fresh=True,
        alone=True,
        ports=dict.fromkeys(PartName, 0),
        parts=frozenset(PartName) - {PartName.ETL},
        env={"CONTRACTS_DIR": str(contracts_dir)},
    )
    started = time.monotonic()
    console.rule("1  the stack: real servers on loopback")
    with Stack.start(config, lambda line: console.print(f"  {line}")) as stack:
        console.print(f"  everything is ready after {time.monotonic() - started:.1f} s")
        balanced = _show(stack, load_catalog(contracts_dir), visits, seed, console)
    console.print(f"  everything is stopped; {time.monotonic() - started:.0f} s in all")
    return balanced


def _show(stack: Stack, catalog: Catalog, visits: int, seed: int, console: Console) -> bool:
    tally, runs = Tally(), []
    rng = random.Random(seed)  # noqa: S311 - visitors need no secrets
    traffic = Traffic(stack.env, stack.urls[PartName.API], rng)
    console.rule("2  one of each event, as a front end sends it")
    _send_one_of_each(traffic, tally, console)

    events = counted(sum(1 for _ in traffic.repertoire.events), "event")
    unended = ", some never ended" if traffic.repertoire.pairs else ""
    console.rule(f"3  {counted(visits, 'visit')}: {events}, some wrong, some sent twice{unended}")
    for wave in range(_WAVES):
        sessions = visits * (wave + 1) // _WAVES - visits * wave // _WAVES
        traffic.send(sessions, tally, at_once=_AT_ONCE, habits=_HURRIED, console=console)
        runs.append(_run_loader(stack, console))
    if catalog.pairings:
        console.print(
            f"  a start waits {WAIT_SECONDS} s for its end here, not as its contract says"
        )
        time.sleep(WAIT_SECONDS)
        runs.append(_run_loader(stack, console))

    totals = add_up(runs)
    clickhouse = connect(stack.env["CLICKHOUSE_URL"])
    try:
        console.rule("4  the tables")
        rows = report.print_tables(console, clickhouse, catalog)
    finally:
        clickhouse.close()
    console.rule("5  what was refused")
    report.print_refusals(console, tally)
    console.rule("6  the totals")
    return report.print_totals(console, tally, totals, list(checks(catalog, tally, totals, rows)))


def _impatient_contracts(source: Path, folder: Path) -> Path:
    """The contracts with one change: starts wait seconds for their ends, not hours."""
    copy_contracts(source, folder)
    for event in load_catalog(folder).pairings:
        for path in (folder / "events" / event).glob("v*.json"):
            contract = json.loads(path.read_text(encoding="utf-8"))
            if "x-pairing" in contract:
                contract["x-pairing"]["wait_seconds"] = WAIT_SECONDS
                path.write_text(json.dumps(contract, ensure_ascii=False), encoding="utf-8")
    return folder


def _send_one_of_each(traffic: Traffic, tally: Tally, console: Console) -> None:
    for message, begins in traffic.one_of_each():
        before = sum(tally.accepted.values())
        traffic.send_one(Step(body=json.dumps(message).encode(), begins=begins), tally)
        answer = "202" if sum(tally.accepted.values()) > before else "not accepted"
        shown = {**message, "token": "eyJ…" if message["token"] else None}
        line = f"  {answer}  {json.dumps(shown, ensure_ascii=False)}"
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    for event, reason in traffic.repertoire.left_out.items():
        console.print(f"  {event} is not sent: {reason}", markup=False)


def _run_loader(stack: Stack, console: Console) -> dict[str, Any]:
    """``ugc etl run`` as a process of its own, as cron would start it."""
    with console.status("the loader runs"):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ugc", "etl", "run", "--json"],
            env=dict(stack.env),
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
        )
    if done.returncode:
        raise DemoError(f"ugc etl run failed with code {done.returncode}:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    console.print(f"  loader: {report.loader_line(found)}")
    return found
