"""This tree's API beside another tree's, in turns: what a change is worth on a shared machine.

::

    git archive HEAD~1 | tar -x -C /tmp/before
    python -m bench.api_between /tmp/before [--only api/rate-660,api/batch-4] [--rounds 5]

Both servers run all the time, and every round measures both, one after the other.  Processor time
and context switches are those of all threads of the server, which hardly depend on what else the
machine does; rates and latencies do.  Medians, and the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.harness import api
from bench.harness.cases import API_CASES, ApiCase
from bench.harness.machine import tree
from bench.harness.stack import Parts, parts
from tests.api.servers import Server

_ROOT = Path(__file__).parents[1]
_FIGURES = ("cpu_us", "switches", "events_per_s", "p50_ms", "p99_ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--only", default="api/single-64,api/single-known-64,api/rate-660")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    cases = [case for case in API_CASES if case.name in options.only.split(",")]
    samples: dict[tuple[str, str], list[Mapping[str, float]]] = {}
    with ExitStack() as running:
        parts_ = running.enter_context(parts(Path(running.enter_context(_folder()))))
        trees = {"other": options.other, "this": _ROOT}
        servers = {
            name: running.enter_context(_served(parts_, path, name, cases))
            for name, path in trees.items()
        }
        for number in range(options.rounds):
            for case in cases:
                for name in sorted(trees, reverse=bool(number % 2)):
                    found = _measured(servers[name][case.server], case, options.seconds)
                    samples.setdefault((case.name, name), []).append(found)
    for case in cases:
        _show(case.name, samples[case.name, "other"], samples[case.name, "this"])


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        yield name


@contextmanager
def _served(
    running: Parts, path: Path, name: str, cases: list[ApiCase]
) -> Iterator[Mapping[str, Server]]:
    """The servers of the cases, with the code of one tree."""
    with ExitStack() as opened:
        (folder := running.folder / name).mkdir()
        here = Parts(
            folder=folder,
            broker=running.broker,
            redis=running.redis,
            registry=running.registry,
            auth=running.auth,
            schema_ids=running.schema_ids,
            topics=running.topics,
        )
        before = dict(os.environ)
        os.environ |= {"PYTHONPATH": str(path.resolve()), "PYTHONSAFEPATH": "1"}
        try:
            found = {
                server: opened.enter_context(api.api_server(here, server))
                for server in dict.fromkeys(case.server for case in cases)
            }
        finally:
            os.environ.clear()
            os.environ |= before
        yield found


def _measured(server: Server, case: ApiCase, seconds: float) -> Mapping[str, float]:
    """One round; switches are counted with the warm-up, for as many more events."""
    before = _switches(server.process.pid)
    measured = api.measure(server, case, seconds)
    switches = _switches(server.process.pid) - before
    length = seconds * (case.longer if case.rate is not None else 1)
    events = measured.sample["events_per_s"] * (length + api.WARM_SECONDS)
    bad = {status: n for status, n in measured.answers.items() if status not in {"202", "207"}}
    if bad:
        print(f"{case.name}: {bad}", flush=True)
    return {**measured.sample, "switches": switches / max(1.0, events)}


def _switches(pid: int) -> int:
    """Context switches so far, of all threads of a process and of those below it."""
    found = 0
    for each in tree(pid):
        for status in Path(f"/proc/{each}/task").glob("*/status"):
            counts = re.findall(r"ctxt_switches:\s+(\d+)", status.read_text())
            found += sum(map(int, counts))
    return found


def _show(name: str, other: list[Mapping[str, float]], this: list[Mapping[str, float]]) -> None:
    for figure in _FIGURES:
        left = statistics.median(each[figure] for each in other)
        right = statistics.median(each[figure] for each in this)
        ratio = statistics.median(b[figure] / a[figure] for a, b in zip(other, this, strict=True))
        print(f"{name:22} {figure:12} {left:10.2f} -> {right:10.2f}   x {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
