"""How long `ugc schema plan` takes for many contracts, beside reading the same system tables.

::

    python bench/schema_plan.py [--contracts 1000] [--wide 300]

One contract has ``--wide`` fields, the others are copies of the project's own.  The baseline is the
six queries alone, with nothing made of their answers.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ch_schema.client.connect import connect
from ch_schema.ddl.targets import targets_for
from ch_schema.ddl.views import Databases
from ch_schema.migrate.history import Record
from ch_schema.migrate.live import read_live
from ch_schema.migrate.run import Migrator, utc_now
from contracts.model.loader import Catalog, load_catalog, parse_contract
from contracts.model.types import Contract


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument("--wide", type=int, default=300)
    arguments = parser.parse_args()
    catalog = many(arguments.contracts, arguments.wide)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(connect(f"chdb://{folder}/data")) as client,
    ):
        empty = Migrator(client, targets_for(catalog))
        missing, of_missing = timed(empty.plan)
        _, applying = timed(empty.apply)
        reading = min(timed(lambda: read_live(client, Databases()))[1] for _ in range(3))
        recorded = Record(client, "ugc", clock=utc_now, who="bench")
        record = min(timed(recorded.read)[1] for _ in range(3))
        making, of_targets = timed(lambda: targets_for(catalog))
        found, planning = timed(Migrator(client, making).plan)
        if found.tasks:
            raise SystemExit(f"the database should be in step: {found.tasks[0]}")
        changed, of_changed = timed(Migrator(client, targets_for(with_a_field(catalog))).plan)
    baseline = reading + record
    print(f"contracts                   {len(catalog.tables)}, one with {arguments.wide} fields")
    print(f"reading the live database   {baseline:.2f} s (baseline)")
    for title, seconds in (
        ("targets from contracts", of_targets),
        (f"plan, {len(missing.tasks)} steps: all is missing", of_missing),
        ("plan, nothing to do", planning),
        (f"plan, {len(changed.tasks)} steps: a field more", of_changed),
        ("apply all that is missing", applying),
    ):
        print(f"{title:42} {seconds:6.2f} s, {seconds / baseline:5.1f} times the baseline")


def many(count: int, wide: int) -> Catalog:
    """Copies of the project's own contracts, and a wide one."""
    own = load_catalog()
    sources = [contract for contract in own.tables if contract.pairing is None]
    copies = {
        f"event_{number}": {
            1: dataclasses.replace(sources[number % len(sources)], event=f"event_{number}")
        }
        for number in range(count - 1)
    }
    return Catalog({**copies, "wide": {1: wide_contract(wide)}}, own.envelopes)


def wide_contract(fields: int) -> Contract:
    kinds: tuple[dict[str, Any], ...] = (
        {"type": "string", "maxLength": 99},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": ["number", "null"]},
        {"type": "array", "items": {"type": "string", "maxLength": 9}},
    )
    properties = {
        f"field_{n}": {**kinds[n % len(kinds)], "description": "A field."} for n in range(fields)
    }
    schema = {
        **load_catalog().get("element_click").schema,
        "properties": properties,
        "required": list(properties),
        "x-table": {},
        "examples": [{}],
    }
    return parse_contract("wide", 1, schema, Path("wide/v1.json"))


def with_a_field(catalog: Catalog) -> Catalog:
    """A second version of each, with one field more."""
    more = {"type": "string", "maxLength": 9, "description": "One more."}
    versions = {}
    for contract in catalog.newest:
        schema = {**contract.schema, "properties": {**contract.schema["properties"], "more": more}}
        second = parse_contract(contract.event, 2, schema, Path("v2.json"))
        versions[contract.event] = {1: contract, 2: second}
    return Catalog(versions, catalog.envelopes)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    found = work()
    return found, time.perf_counter() - started


if __name__ == "__main__":
    main()
