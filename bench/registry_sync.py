"""Cold start of a registry: ``ugc registry sync`` against registering with the stock client.

Both fill an empty embedded registry of their own with the same contracts, one after the other in
one run, several rounds in turn.  Prints the median seconds of each and their ratio.

    python bench/registry_sync.py [--contracts 200] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from socket import create_server

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from contracts.model.loader import Catalog, load_catalog, parse_contract
from registry.avro import avro_schema, record_name, schema_text
from registry.client import ConfluentRegistry
from registry.options import RegistryOptions, SubjectStrategy
from registry.sync import sync

VERSIONS = 4
TOPIC = "ugc.events"


def catalog_of(contracts: int) -> Catalog:
    """So many contract versions, four to an event, of twelve fields and more."""
    events = {
        f"event_{number}": {
            version: parse_contract(
                f"event_{number}", version, document(version), Path(f"v{version}.json")
            )
            for version in range(1, VERSIONS + 1)
        }
        for number in range(contracts // VERSIONS)
    }
    return replace(load_catalog(), versions=events)


def document(version: int) -> dict[str, object]:
    kinds = (
        {"type": "string"},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": "number"},
    )
    properties = {
        f"field_{number}": {**kinds[number % len(kinds)], "description": "A field."}
        for number in range(12 + version)
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event",
        "description": "An event of the benchmark.",
        "x-owner": "bench",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": ["field_0"],
        "properties": properties,
    }


@contextmanager
def server() -> Iterator[str]:
    """An empty embedded registry; its URL."""
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ugc", "registry", "serve", f"--port={port}"]
        with open(Path(folder) / "log", "wb") as log:
            process = subprocess.Popen(
                [*command, f"--data-dir={folder}/data"], stdout=log, stderr=log
            )
        try:
            wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"{url}/subjects", timeout=2).close()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def ours(url: str, catalog: Catalog) -> None:
    """What ``ugc registry sync`` does: survey, plan, set the levels, register."""
    with closing(ConfluentRegistry(url, RegistryOptions())) as registry:
        done = sync(registry, catalog, SubjectStrategy.RECORD, TOPIC)
    assert len(done.actions) == len(list(catalog)) + len(catalog.newest)


def plain(url: str, catalog: Catalog) -> None:
    """The same schemas through the stock client, which sets no levels and compares nothing."""
    with SchemaRegistryClient({"url": url}) as client:
        for contract in catalog:
            schema = Schema(schema_text(avro_schema(catalog, contract)), "AVRO")
            client.register_schema(record_name(contract.event), schema)


def again(url: str, catalog: Catalog) -> float:
    """Seconds that a sync takes when there is nothing to do."""
    with closing(ConfluentRegistry(url, RegistryOptions())) as registry:
        begun = time.perf_counter()
        assert sync(registry, catalog, SubjectStrategy.RECORD, TOPIC).actions == ()
        return time.perf_counter() - begun


def seconds(work: Callable[[str, Catalog], None], url: str, catalog: Catalog) -> float:
    begun = time.perf_counter()
    work(url, catalog)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    catalog = catalog_of(arguments.contracts)
    times: dict[str, list[float]] = {"sync": [], "plain": [], "again": []}
    for _ in range(arguments.rounds):
        with server() as url:
            times["plain"].append(seconds(plain, url, catalog))
        with server() as url:
            times["sync"].append(seconds(ours, url, catalog))
            times["again"].append(again(url, catalog))
    middle = {name: statistics.median(each) for name, each in times.items()}
    report = {
        "contracts": len(list(catalog)),
        "rounds": arguments.rounds,
        "sync_seconds": round(middle["sync"], 2),
        "plain_seconds": round(middle["plain"], 2),
        "sync_to_plain": round(middle["sync"] / middle["plain"], 2),
        "sync_with_nothing_to_do_seconds": round(middle["again"], 2),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
