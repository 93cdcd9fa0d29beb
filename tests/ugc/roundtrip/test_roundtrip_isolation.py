"""``ugc contracts roundtrip``: a schema that hangs, fills or kills its process ends nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.processes import STOP_SECONDS, wait_until
from tests.support.processes_of import running_below
from ugc.roundtrip.cases import cases_in
from ugc.roundtrip.command import command
from ugc.roundtrip.isolation import Bounds, IsolatedRoundTrip, Work

LEVELS = 100_000
DOUBLINGS = 40

FINE = {"schema": {"type": "integer"}, "valid": [1, 2]}
ENDLESS = {
    "schema": {
        "$ref": f"#/$defs/a{DOUBLINGS}",
        "$defs": {
            "a0": {"type": "string"},
            **{f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n - 1}"}] * 2}
               for n in range(1, DOUBLINGS + 1)},
        },
    }
}  # fmt: skip
"""Two references to the one before, forty times: a trillion ways through it."""


def write(path: Path, *lines: Any) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def results(cases: Path, *options: str) -> dict[str, Any]:
    """The results by the schemas' names."""
    result = CliRunner().invoke(command, [str(cases), "--json", *options])
    assert result.exit_code == 1, result.output
    return {each["id"]: each for each in json.loads(result.stdout)["results"]}


def test_what_one_schema_does_the_others_do_not_feel(tmp_path: Path) -> None:
    nested = '{"items":' * LEVELS + "{}" + "}" * LEVELS
    found = results(
        write(
            tmp_path / "corpus.jsonl",
            {"id": "before", **FINE},
            {"id": "endless", **ENDLESS},
            {"id": "between", **FINE},
            '{"id": "nested", "schema": ' + nested + "}",
            {
                "id": "backtracking",
                "schema": {"type": "string", "pattern": "^(a+)+$"},
                "valid": ["a" * 5_000 + "!"],
            },
            {"id": "after", **FINE},
        ),
        "--timeout",
        "5",
    )
    for name in ("before", "between", "after", "backtracking"):
        assert (found[name]["equal"], found[name]["problem"]) == (True, None)
    assert found["endless"]["problem"] == "error: timed out after 5 s"
    assert found["corpus.jsonl:4"]["problem"] == "it is not JSON: it is nested too deeply"


def test_a_schema_that_fills_the_memory_is_given_up(tmp_path: Path) -> None:
    long_text = {"type": "string", "minLength": 20 << 30}
    found = results(
        write(tmp_path / "c.jsonl", {"id": "long", "schema": long_text}, {"id": "after", **FINE}),
        "--memory",
        "1024",
    )
    assert found["long"]["problem"] == "error: it took more than 1024 MiB of memory"
    assert found["after"]["equal"]


def test_a_process_that_dies_is_told_and_replaced(tmp_path: Path) -> None:
    path = write(
        tmp_path / "c.jsonl",
        {"id": "first", **FINE}, {"id": "endless", **ENDLESS}, {"id": "last", **FINE},
    )  # fmt: skip
    cases = cases_in(path, None)
    work = Work(schemas=path, instances=None, draft=None, count=3, seed=0)
    with IsolatedRoundTrip(work, Bounds(seconds=60, memory_bytes=4 << 30)) as round_trip:
        assert round_trip.outcome(0, cases[0]).is_whole
        child = round_trip.pid
        assert child is not None
        # Whenever it comes, before the schema arrives or after, there is no answer to it.
        killer = threading.Timer(0.5, os.kill, (child, signal.SIGKILL))
        killer.start()
        lost = round_trip.outcome(1, cases[1])
        killer.join()
        assert lost.problem == "error: the process died (signal SIGKILL)"
        assert round_trip.pid is None
        assert round_trip.outcome(2, cases[2]).is_whole
        assert round_trip.pid not in (None, child)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("reaches_the_child", [False, True], ids=["alone", "whole group"])
def test_a_run_that_is_stopped_leaves_nothing(
    tmp_path: Path, number: signal.Signals, reaches_the_child: bool
) -> None:
    path = write(tmp_path / "c.jsonl", {"id": "endless", **ENDLESS}, {"id": "after", **FINE})
    folder = tmp_path / "tmp"
    folder.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "ugc", "contracts", "roundtrip", str(path), "--timeout", "600"],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: any(folder.glob("ugc-roundtrip-*/ugc*")), "its tables are there")
        (os.killpg if reaches_the_child else os.kill)(run.pid, number)
        output, _errors = run.communicate(timeout=STOP_SECONDS)
        assert (run.returncode, output) == (130, "")
        assert list(folder.iterdir()) == []
        wait_until(lambda: running_below(folder) == [], "its processes are gone")
    finally:
        run.kill()
        run.wait()
