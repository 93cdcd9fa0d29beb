"""The API and its baselines, measured: servers on one core, requests from the other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.harness.cases import API_SERVERS, ApiCase
from bench.harness.generator import Plan, Seen
from bench.harness.machine import MEASURED_CORE, OTHER_CORE, on_core
from bench.harness.stack import Parts
from tests.api.servers import Server, listens, python_server
from tests.support.processes import ServerProcess, free_port, wait_until

_BIN = Path(sys.executable).parent
WARM_SECONDS = 1.0
_METRICS_SECONDS = 1.2
"""The API writes down what its spool did once a second."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one case."""

    sample: Mapping[str, float]
    answers: Mapping[str, int]


@contextmanager
def api_server(parts: Parts, name: str) -> Iterator[Server]:
    """A server of :data:`bench.harness.cases.API_SERVERS` that answers, on the measured core."""
    command = API_SERVERS[name]
    env = {**parts.env, "KAFKA_TOPIC": parts.topic("bench.api")}
    with on_core(MEASURED_CORE):
        if command is None:
            running = _ours(parts, name, env)
        else:
            running = _baseline(parts.folder, name, command, env)
        with running as server, on_core(OTHER_CORE):
            yield server


@contextmanager
def _ours(parts: Parts, name: str, env: Mapping[str, str]) -> Iterator[Server]:
    settings = {**env, "SPOOL_DIR": str(parts.folder / f"spool-{name}")}
    with python_server(parts.folder, name, "api serve --workers 1", settings) as server:
        wait_until(lambda: _is_ready(server), "the API is ready")
        yield server


@contextmanager
def _baseline(folder: Path, name: str, command: str, env: Mapping[str, str]) -> Iterator[Server]:
    port = free_port()
    program, *arguments = command.format(port=port).split()
    log = folder / f"{name}.log"
    process = ServerProcess([str(_BIN / program), *arguments], log, env)
    try:
        process.wait_ready(lambda: listens(port))
        yield Server(process, f"http://127.0.0.1:{port}")
    finally:
        process.kill()


def measure(server: Server, case: ApiCase, seconds: float) -> Measured:
    """One round, of ``seconds`` and a warm-up."""
    plan = Plan(
        port=int(server.url.rpartition(":")[2]),
        pid=server.process.pid,
        connections=case.connections,
        seconds=seconds * (case.longer if case.rate is not None else 1),
        warm_seconds=WARM_SECONDS,
        batch=case.batch,
        ids=case.ids,
        tokens=case.tokens,
        rate=case.rate,
    )
    is_ours = API_SERVERS[case.server] is None
    before = _records(server) if is_ours else {}
    seen = _generate(plan)
    sample = {
        "events_per_s": seen.events / seen.seconds,
        "cpu_us": seen.cpu_seconds / max(1, seen.events) * 1e6,
        "cpu_share": seen.cpu_seconds / seen.seconds,
        "memory_mb": seen.memory_mb,
        **seen.latencies_ms,
    }
    if case.rate is not None:
        sample["lag_p99_ms"] = seen.lag_p99_ms
    if is_ours:
        time.sleep(_METRICS_SECONDS)
        after = _records(server)
        changed = {name: number - before.get(name, 0.0) for name, number in after.items()}
        sample["spool_share"] = changed.get("spooled", 0.0) / max(1.0, sum(changed.values()))
    return Measured(sample, seen.answers)


def _generate(plan: Plan) -> Seen:
    done = subprocess.run(
        [sys.executable, "-m", "bench.harness.generator"],
        input=json.dumps(asdict(plan)),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Seen(**json.loads(done.stdout))


def _is_ready(server: Server) -> bool:
    try:
        _get(f"{server.url}/health/ready")
    except urllib.error.HTTPError:
        return False
    return True


def _records(server: Server) -> Mapping[str, float]:
    """Outcome → records so far, by ``/metrics``."""
    text = _get(f"{server.url}/metrics")
    lines = re.findall(r'^ugc_api_records_total\{outcome="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return {outcome: float(number) for outcome, number in lines}


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: str = answer.read().decode()
    return found
