"""What many contracts cost: start, memory, lint, check, and each event.

::

    python -m bench.many_contracts [--contracts 200] [--checked 500] [--few 10] [--many 1000]

Contracts are the project's own under other names.  Processor time is what the processes used, the
other is by the clock and holds whatever else the machine does.

* start: ``ugc api serve`` beside Kafka, Redis and a registry that has the contracts, until the
  worker answers and knows their ids; with ``--few`` contracts as the baseline.  The parts are there
  since whoever asks whether the worker is ready waits a second for a Kafka that is away.
* lint and check: the commands, in a git repository where one contract of twenty gets a version.
* event: a valid event through the pipeline (validated, encoded, counted; published into a list),
  and its message decoded by the loader's decoder; over all contracts in turn, and over as many of
  the many as there are few, so that the processor's caches can be told from the code.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from bench.lint import write_contracts
from contracts.model.loader import load_catalog
from registry.client import connect as connect_registry
from tests.api.servers import broker, create_topic, redis_server
from tests.api.world import ENV, World
from tests.support.processes import ServerProcess, free_port
from tests.support.register import register_all
from tests.support.registry_server import registry_server

ROUNDS = 15
EVENTS = 2_000
_TOPIC = "bench.start"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=200)
    parser.add_argument("--checked", type=int, default=500)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--many", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell_starts(folder, options.few, options.contracts)
        tell_commands(folder, options.checked)
        tell_events(folder, options.few, options.many)


def tell_starts(folder: Path, few: int, many: int) -> None:
    start(folder, few, remembering=False)  # writes the byte code
    found = {count: start(folder, count, remembering=False) for count in (few, many)}
    for count, (seconds, processor, memory) in found.items():
        print(
            f"start, {count} contracts: {seconds:.2f} s by the clock, {processor:.2f} s of"
            f" processor ({processor / found[few][1]:.2f} of {few}'s), worker {memory:.0f} MB"
        )
    seconds, processor, _ = start(folder, many, remembering=True)
    print(
        f"the same, ids written to SCHEMA_ID_CACHE_DIR: {seconds:.2f} s, {processor:.2f} s of"
        f" processor ({processor / found[many][1]:.2f} of that without)"
    )


def start(folder: Path, count: int, *, remembering: bool) -> tuple[float, float, float]:
    """Seconds by the clock and of processor until it is ready, and the worker's megabytes."""
    place = Path(tempfile.mkdtemp(dir=folder))
    contracts = contracts_in(place, count)
    with (
        registry_server(place) as registry,
        broker(place) as kafka,
        redis_server(place) as redis,
    ):
        create_topic(kafka, _TOPIC)
        with closing(connect_registry(registry.url)) as client:
            register_all(client, load_catalog(contracts))
        env = {
            **os.environ,
            **ENV,
            # As an installation has it: byte code that is there already.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "SCHEMA_REGISTRY_URL": registry.url,
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "KAFKA_TOPIC": _TOPIC,
            "REDIS_URL": redis.url,
            "SPOOL_DIR": str(place / "spool"),
            "CONTRACTS_DIR": str(contracts),
        }
        if remembering:
            env["SCHEMA_ID_CACHE_DIR"] = str(place / "ids")
        with serving(place, env) as (process, seconds):
            (worker,) = process.children()
            processor = sum(map(processor_seconds, (process.pid, worker)))
            status = Path(f"/proc/{worker}/status").read_text()
            found = re.search(r"VmRSS:\s+(\d+)", status)
            assert found
            return seconds, processor, int(found[1]) / 1024


@contextmanager
def serving(place: Path, env: Mapping[str, str]) -> Iterator[tuple[ServerProcess, float]]:
    port = free_port()
    command = [sys.executable, "-m", "ugc", "api", "serve", "--port", str(port)]
    began = time.perf_counter()
    process = ServerProcess(command, place / "api.log", env)
    try:
        process.wait_ready(lambda: knows_its_ids(f"http://127.0.0.1:{port}/health/ready"))
        yield process, time.perf_counter() - began
    finally:
        process.kill()


def knows_its_ids(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            report = json.load(answer)
    except urllib.error.HTTPError as error:
        report = json.load(error)
    except (urllib.error.URLError, ConnectionError):
        return False
    return bool(report["parts"]["registry"]["status"] == "up")


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell_commands(folder: Path, count: int) -> None:
    contracts = repository_in(folder, count)
    _, baseline = json_of(contracts)
    print(f"{count} contracts: {baseline:.2f} s of processor to load their files as JSON")
    for name, (seconds, processor) in (
        ("lint", processor_of(contracts_command("lint", contracts))),
        ("check", check_of(contracts)),
    ):
        print(
            f"ugc contracts {name}: {seconds:.2f} s by the clock,"
            f" {processor:.2f} s of processor ({processor / baseline:.1f} times the JSON)"
        )


def repository_in(folder: Path, count: int) -> Path:
    """Contracts in a git repository, whose branch gives one of twenty a version."""
    place = Path(tempfile.mkdtemp(dir=folder))
    contracts = contracts_in(place, count)
    git = ["git", "-C", str(place), "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for arguments in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "contracts"]):
        subprocess.run([*git, *arguments], check=True)
    subprocess.run([*git, "switch", "-qc", "change"], check=True)
    for number in range(0, count, 20):
        add_version(contracts / "events" / f"event_{number}")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "versions"], check=True)
    return contracts


def json_of(contracts: Path) -> tuple[float, float]:
    """Seconds by the clock and of processor to load every file as JSON: the baseline."""
    load = "import json, sys\nfor p in sys.argv[1:]: json.load(open(p))"
    return processor_of([sys.executable, "-c", load, *map(str, sorted(contracts.rglob("*.json")))])


def check_of(contracts: Path) -> tuple[float, float]:
    """Seconds by the clock and of processor of the check against the repository's main."""
    return processor_of(contracts_command("check", contracts, "--against", "main"))


def contracts_command(name: str, contracts: Path, *more: str) -> list[str]:
    command = [sys.executable, "-m", "ugc", "contracts", name, *more]
    return [*command, "--contracts", str(contracts)]


def add_version(event: Path) -> None:
    """A second version with one more field, and an example of it."""
    schema = json.loads((event / "v1.json").read_text())
    schema["properties"]["note"] = {
        "type": ["string", "null"],
        "maxLength": 99,
        "description": "A note.",
        "examples": ["a note"],
    }
    (event / "v2.json").write_text(json.dumps(schema, indent=2))
    examples = event.parent.parent / "examples" / event.name
    for path in sorted((examples / "v1").rglob("*.json")):
        target = examples / "v2" / path.relative_to(examples / "v1")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def processor_of(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{command[:6]} ended with {done.returncode}: {done.stdout[-800:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, processor


def tell_events(folder: Path, few: int, many: int) -> None:
    worlds = {
        count: Bench(contracts_in(Path(tempfile.mkdtemp(dir=folder)), count))
        for count in (few, many)
    }
    for what, method in (("API", Bench.accept), ("loader", Bench.decode)):
        cases: dict[str, Callable[[], None]] = {
            f"{few} contracts": partial(method, worlds[few], few),
            f"{many} contracts": partial(method, worlds[many], many),
            f"{few} of {many} contracts": partial(method, worlds[many], few),
        }
        found = medians(cases)
        baseline = found[f"{few} contracts"]
        for name, microseconds in found.items():
            print(
                f"{what}, an event of {name}: {microseconds:.1f} us"
                f" ({microseconds / baseline:.2f} of that of {few})"
            )


class Bench:
    """An API and a decoder within this process, with an event of each contract."""

    def __init__(self, contracts: Path) -> None:
        catalog = load_catalog(contracts)
        self._world = World(catalog)
        examples = contracts / "examples"
        self._bodies = [
            json.dumps({"event": event, "token": None, "data": data}).encode()
            for event in sorted(catalog.versions, key=lambda e: int(e.removeprefix("event_")))
            for data in [
                json.loads(next((examples / event / "v1" / "valid").iterdir()).read_bytes())
            ]
        ]
        for body in self._bodies:
            self._world.pipeline.accept(body, correlation_id="bench")
        self._messages = [(r.key, r.value) for r in self._world.publisher.published]
        for key, value in self._messages:
            self._world.decoder.decode(key, value)

    def accept(self, contracts: int) -> None:
        accept, published = self._world.pipeline.accept, self._world.publisher.published
        for number in range(EVENTS):
            accept(self._bodies[number % contracts], correlation_id="bench")
        published.clear()

    def decode(self, contracts: int) -> None:
        decode = self._world.decoder.decode
        for number in range(EVENTS):
            decode(*self._messages[number % contracts])


def medians(cases: Mapping[str, Callable[[], None]]) -> dict[str, float]:
    """Microseconds of processor per event, the cases in turn."""
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            began = time.process_time()
            case()
            found[name].append((time.process_time() - began) / EVENTS * 1e6)
    return {name: statistics.median(times) for name, times in found.items()}


def contracts_in(place: Path, count: int) -> Path:
    folder = place / "contracts"
    write_contracts(folder, count)
    return folder


if __name__ == "__main__":
    main()
