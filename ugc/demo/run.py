"""The demo, step by step: a stack of its own, the first six messages, visitors, totals."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from rich.console import Console

from ch_schema.client.connect import connect
from contracts.model.loader import (
    Catalog,
    copy_contracts,
    default_folder,
    load_catalog,
    package_folder,
)
from contracts.visible import counted
from ugc.demo import report
from ugc.demo.first_messages import first_messages
from ugc.demo.totals import add_up, checks
from ugc.errors import UgcError
from ugc.local.auth.client import demo_token
from ugc.local.stack import PartName, Stack, StackConfig
from ugc.traffic.run import send_visits
from ugc.traffic.sender import Tally, send_sessions
from ugc.traffic.sessions import Habits, Step

WAIT_SECONDS = 8
"""So long an open page waits for its end in the demo; the contract says twelve hours."""

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
        StackError, DemoError: a part does not start, or a run of the loader fails.
    """
    with tempfile.TemporaryDirectory(prefix="ugc-demo-") as folder:
        contracts_dir = _impatient_contracts(Path(folder) / "contracts")
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
    if (own := default_folder()) != package_folder():
        console.print(f"The demo is an online cinema's; the contracts in {own} are not in it.")
    console.rule("1  the stack: real servers on loopback")
    with Stack.start(config, lambda line: console.print(f"  {line}")) as stack:
        console.print(f"  everything is ready after {time.monotonic() - started:.1f} s")
        balanced = _show(stack, load_catalog(contracts_dir), visits, seed, console)
    console.print(f"  everything is stopped; {time.monotonic() - started:.0f} s in all")
    return balanced


def _show(stack: Stack, catalog: Catalog, visits: int, seed: int, console: Console) -> bool:
    tally, runs = Tally(), []
    console.rule("2  one of each event, as a front end sends it")
    _send_first_messages(stack, tally, console)

    console.rule(
        f"3  {counted(visits, 'visit')}: six events, some wrong, some sent twice, some never ended"
    )
    rng = random.Random(seed)  # noqa: S311 - visitors need no secrets
    for wave in range(_WAVES):
        sessions = visits * (wave + 1) // _WAVES - visits * wave // _WAVES
        send_visits(
            stack.env,
            stack.urls[PartName.API],
            rng=rng,
            sessions=sessions,
            at_once=_AT_ONCE,
            console=console,
            tally=tally,
            habits=_HURRIED,
        )
        runs.append(_run_loader(stack, console))
    console.print(f"  a page waits {WAIT_SECONDS} s for its end here; the contract says 12 hours")
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


def _impatient_contracts(folder: Path) -> Path:
    """The contracts with one change: open pages wait seconds, not hours."""
    copy_contracts(package_folder(), folder)
    path = folder / "events" / "page_view" / "v1.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    contract["x-pairing"]["wait_seconds"] = WAIT_SECONDS
    path.write_text(json.dumps(contract, indent=2, ensure_ascii=False), encoding="utf-8")
    return folder


def _send_first_messages(stack: Stack, tally: Tally, console: Console) -> None:
    token = demo_token(stack.env["AUTH_SERVICE_URL"]).token
    url = f"{stack.urls[PartName.API]}/api/v1/events"
    view = str(uuid.uuid4())
    for message in first_messages(token, view):
        step = Step(body=json.dumps(message).encode(), view=view)
        before = sum(tally.accepted.values())
        send_sessions(url, [[step]], tally, at_once=1, on_session_done=lambda: None)
        answer = "202" if sum(tally.accepted.values()) > before else "not accepted"
        shown = {**message, "token": "eyJ…" if message["token"] else None}
        console.print(f"  {answer}  {json.dumps(shown, ensure_ascii=False)}", soft_wrap=True)


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
