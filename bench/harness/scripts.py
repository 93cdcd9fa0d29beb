"""Cases that are a script of :mod:`bench` with servers of its own: the sweep, following, memory.

A script that is called with ``--sample`` prints one JSON object of metrics as its last line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.harness.results import Role, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCase:
    """A script, and what it is called with; ``quick`` instead in a quick run."""

    name: str
    title: str
    module: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...]
    role: Role = "ours"
    against: tuple[str, ...] = ()


def _follow(name: str, delay: str) -> ScriptCase:
    return ScriptCase(
        name=f"loader/{name}",
        title=f"`ugc etl follow --max-delay {delay}`, 660/s, from 202 to a row",
        module="bench.follow",
        arguments=("--delay", delay, "--seconds", "30"),
        quick=("--delay", delay, "--seconds", "10"),
    )


SCRIPT_CASES: tuple[ScriptCase, ...] = (
    ScriptCase(
        name="loader/sweep",
        title="views that are due at once, swept",
        module="bench.etl_sweep",
        arguments=("--views", "1000000"),
        quick=("--views", "100000"),
    ),
    ScriptCase(
        name="loader/backlog",
        title="memory over a backlog ten times as large",
        module="bench.etl_memory",
        arguments=("--broker", "--sizes", "100000", "1000000"),
        quick=("--broker", "--sizes", "60000", "600000"),
    ),
    _follow("follow-2s", "2s"),
    _follow("follow-500ms", "500ms"),
)


def measure(case: ScriptCase, *, is_quick: bool) -> Sample:
    """One round."""
    arguments: Sequence[str] = case.quick if is_quick else case.arguments
    command = [sys.executable, "-m", case.module, *arguments, "--sample"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
