"""The loader of this tree beside that of another one, in turns over the same backlogs.

Each round runs ``ugc etl run`` of both trees over the local stack's parts, the loader on one core
and all others on the second.  What a message costs, in µs: by the clock, of the loader's own
processor, and of Redis, ClickHouse and the broker beside it; medians of the rounds.  The clock says
little on a busy machine, processor time much more.

    git archive main | tar -x -C /tmp/before
    python -m bench.loader_between /tmp/before [--backlogs mixed clicks pairs] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from bench.harness.backlogs import fill
from bench.harness.cases import LOADER_CASES, LoaderCase
from bench.harness.loader import Spent, Warehouse, load_topic, require_right, warehouse
from bench.harness.machine import OTHER_CORE, cpu_seconds, on_core
from bench.harness.stack import Parts, parts

_ROOT = Path(__file__).parents[1]
_EMPTY = "bench.empty"
_COLUMNS = ("clock", "loader", "Redis", "ClickHouse", "broker")

Sample = tuple[float, ...]

SIZES: dict[str, int] = {}
"""Messages by topic."""


@contextmanager
def of_tree(tree: Path) -> Iterator[None]:
    """What is started meanwhile imports the product from there."""
    wanted = {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}  # else the working folder comes first
    before = {name: os.environ.get(name) for name in wanted}
    os.environ |= wanted
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def seconds_of(running: Parts, store: Warehouse, case: LoaderCase, topic: str) -> Sample:
    """What a run over a topic took of each."""
    servers = (running.redis.process.pid, store.local.process.pid, running.broker.process.pid)
    before = [cpu_seconds(pid) for pid in servers]
    spent: Spent = load_topic(running, store, case, topic)
    used = [cpu_seconds(pid) - was for pid, was in zip(servers, before, strict=True)]
    if topic != _EMPTY:
        require_right(case, spent, SIZES[topic])
    return (spent.seconds, spent.cpu_seconds, *used)


def measured(running: Parts, store: Warehouse, case: LoaderCase, topic: str, tree: Path) -> Sample:
    """µs of a message, without what a run over nothing takes."""
    with Redis.from_url(running.redis.url) as redis:
        redis.flushall()
    store.empty()
    with of_tree(tree):
        seconds_of(running, store, case, _EMPTY)  # makes the tables
        idle = seconds_of(running, store, case, _EMPTY)
        spent = seconds_of(running, store, case, topic)
    return tuple((a - b) / SIZES[topic] * 1e6 for a, b in zip(spent, idle, strict=True))


def told(name: str, samples: Sequence[Sample]) -> str:
    found = [statistics.median(each) for each in zip(*samples, strict=True)]
    parts_ = ", ".join(f"{of} {us:5.2f}" for of, us in zip(_COLUMNS, found, strict=True))
    return f"{name:24} {parts_} µs; {1e6 / found[0]:7,.0f}/s, {1e6 / found[1]:7,.0f}/s per core"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="a tree to compare with")
    parser.add_argument("--backlogs", nargs="+", default=["mixed", "clicks", "pairs"])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    trees = {"other": options.other, "this": _ROOT}
    cases = [each for each in LOADER_CASES if each.name.split("/")[1] in options.backlogs]
    with tempfile.TemporaryDirectory() as name, parts(Path(name)) as running:
        running.topic(_EMPTY)
        with warehouse(running, tuple(cases)) as store:
            for case in cases:
                with on_core(OTHER_CORE):
                    topic = fill(running, case.backlog, options.messages)
                SIZES[topic] = options.messages
                found: dict[str, list[Sample]] = {tree: [] for tree in trees}
                for _ in range(options.rounds):
                    for tree, path in trees.items():
                        found[tree].append(measured(running, store, case, topic, path))
                for tree, samples in found.items():
                    print(told(f"{case.name} {tree}", samples), flush=True)


if __name__ == "__main__":
    main()
