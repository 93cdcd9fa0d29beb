"""Roll-out and roll-back in every order: no value is lost, and who is behind says so."""

from __future__ import annotations

import copy
import itertools
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import Catalog, parse_contract
from contracts.reasons import Reason
from etl.errors import OlderContractsError
from etl.run.load import Loader
from etl.run.replay import ReplayRequest, replay
from etl.sessions.pairing import plan_for
from etl.testing.kafka import MemoryHistory
from registry.serde import Decoder, Encoder
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, World
from tests.support.register import register_all

SECOND = copy.deepcopy(json.loads(json.dumps(CATALOG.get(CLICK).schema)))
SECOND["properties"]["position"] = {"type": "integer", "maximum": 9, "description": "Where."}
CONTEXT = CATALOG.get(CLICK).context
NEWEST = parse_contract(CLICK, 2, SECOND, Path("v2.json")).with_context(CONTEXT)
NEWER = replace(
    CATALOG,
    versions={**CATALOG.versions, CLICK: {**CATALOG.versions[CLICK], 2: NEWEST}},
)


class Rollout:
    """An API and a loader with contracts of their own, and tables of either."""

    def __init__(self, tables: Any = None) -> None:
        self.world = World(tables=tables)
        self.tables = tables or self.world.tables
        self.sent: dict[uuid.UUID, int | None] = {}
        register_all(self.world.producer.registry, NEWER)
        self.api = self.loader = CATALOG

    def step(self, part: str, catalog: Catalog) -> None:
        match part:
            case "api":
                self.api = catalog
            case "loader":
                self.loader = catalog
                self.world.context = replace(
                    self.world.context,
                    decoder=Decoder(catalog, self.world.producer.registry),
                    plan=plan_for(catalog),
                    loader=Loader(self.tables, catalog, sleep=lambda _: None),
                )

    def send(self) -> None:
        event_id, contract = uuid.uuid4(), self.api.get(CLICK)
        position = len(self.sent) % 9 if contract.version == 2 else None
        data = CLICK_DATA if position is None else {**CLICK_DATA, "position": position}
        ids = register_all(self.world.producer.registry, self.api)
        value = Encoder(self.api, ids).encode(
            contract,
            event_id=event_id,
            user_id="anonymous",
            timestamp=self.world.clock(),
            data=data,
        )
        self.world.topic.append(0, CLICK.encode(), value, self.world.stamp())
        self.sent[event_id] = position


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path_factory.mktemp('rollout')}")) as client:
        yield client


@pytest.mark.stack
@pytest.mark.parametrize("back", ["out", "back"])
@pytest.mark.parametrize("order", list(itertools.permutations(["tables", "loader", "api"])))
def test_in_every_order_all_values_arrive(
    clickhouse: ClickHouse, order: tuple[str, ...], back: str
) -> None:
    """The loader brings its tables up to its contracts; tables never go back."""
    before, after = (CATALOG, NEWER) if back == "out" else (NEWER, CATALOG)
    clickhouse.execute("DROP DATABASE IF EXISTS ugc")
    ensure_tables(clickhouse, before)
    rollout = Rollout(clickhouse)
    for part in ("api", "loader"):
        rollout.step(part, before)

    def load() -> None:
        ensure_tables(clickhouse, rollout.loader)
        report = rollout.world.run()
        stored = {row["event_id"] for row in rows(clickhouse)}
        assert (report.outcome == "held") is bool(rollout.sent.keys() - stored)

    for part in order:
        rollout.send()
        if part == "tables":
            ensure_tables(clickhouse, after)
        rollout.step(part, after)
        rollout.send()
        load()
    rollout.step("loader", NEWER)
    load()
    assert {row["event_id"]: row["position"] for row in rows(clickhouse)} == rollout.sent


def rows(clickhouse: ClickHouse) -> list[dict[str, Any]]:
    columns = clickhouse.query(
        "SELECT name FROM system.columns WHERE database = 'ugc' AND table = 'element_click'"
    )
    position = "position" if {"name": "position"} in columns else "NULL AS position"
    return clickhouse.query(f"SELECT event_id, {position} FROM ugc.element_click FINAL")


def test_a_loader_that_is_behind_stops_before_the_message_and_other_partitions_go_on() -> None:
    rollout = Rollout()
    world = rollout.world
    rollout.send()
    rollout.step("api", NEWER)
    rollout.send()
    rollout.step("api", CATALOG)
    rollout.send()
    world.click(partition=1)
    report = world.run()
    assert (report.outcome, report.held, report.lag[0]) == ("held", {0: 1}, 2)
    assert {p: offset for p, (offset, _) in world.topic.committed.items()} == {0: 1, 1: 1}
    assert world.dead_letters.letters == []
    assert len(world.rows(CLICK)) == 2
    rollout.step("loader", NEWER)
    assert world.run().outcome == "done"
    found = {row["event_id"]: row.get("position") for row in world.rows(CLICK)}
    assert rollout.sent.items() <= found.items()
    assert len(found) == 4


def test_no_start_is_given_up_while_its_end_may_lie_among_what_waits() -> None:
    rollout = Rollout()
    world = rollout.world
    world.start(uuid.UUID(int=1))
    world.run()
    rollout.step("api", NEWER)
    rollout.send()
    world.end(uuid.UUID(int=1), partition=0)
    world.clock.pass_seconds(48 * 3600)
    assert world.run().swept_to is None
    rollout.step("loader", NEWER)
    assert world.run().pairs["page_view"].paired == 1


def test_a_replay_by_older_contracts_changes_no_row() -> None:
    rollout = Rollout()
    for part in ("api", "loader"):
        rollout.step(part, NEWER)
    rollout.send()
    rollout.world.run()
    before = rollout.world.rows(CLICK)
    rollout.step("loader", CATALOG)
    with pytest.raises(OlderContractsError, match="partition 0, offset 0"):
        replay(
            rollout.world.context,
            MemoryHistory(rollout.world.topic),
            ReplayRequest(from_ms=0),
            should_stop=lambda: False,
        )
    assert rollout.world.rows(CLICK) == before


def test_an_event_without_a_contract_is_set_aside_and_usable_once_there_is_one() -> None:
    unknown = Catalog(
        {name: each for name, each in CATALOG.versions.items() if name != CLICK},
        CATALOG.envelopes,
    )
    rollout = Rollout()
    world = rollout.world
    rollout.step("loader", unknown)
    sent = world.click()
    assert world.run().outcome == "done"
    (letter,) = world.dead_letters.letters
    assert (letter.reason, letter.original) == (Reason.SCHEMA_NOT_OURS, sent)
    rollout.step("loader", CATALOG)
    world.topic.append(sent.partition, sent.key, sent.value, sent.headers)
    world.run()
    assert len(world.rows(CLICK)) == 1
