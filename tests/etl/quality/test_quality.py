"""Every fault that is planted is found, and nothing is found where none is."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from etl.errors import TopicMissingError
from etl.metrics import Metrics
from etl.quality.facts import Witnesses, gather
from etl.quality.objectives import Finding, RangeFault, Verdict, judge, range_faults
from etl.run.load import Loader
from etl.run.runs_table import RUNS
from etl.source import Spans
from etl.testing.kafka import MemoryHistory, MemoryTopic
from tests.etl.run.test_journal import die
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, HOUR, NOON, PRODUCER, START, World
from tests.support.golden import Golden
from ugc.quality.alerts import render, rules

ALERTS = Path(__file__).parents[3] / "deploy" / "alerts.yml"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path_factory.mktemp('chdb')}/ugc")) as client:
        yield client


class NoTopic(MemoryHistory):
    def bounds(self) -> Spans:
        raise TopicMissingError("no such topic")


class Observed:
    """A world on a real engine, and an observer of its quality."""

    def __init__(self, engine: ClickHouse) -> None:
        engine.execute("DROP DATABASE IF EXISTS ugc")
        ensure_tables(engine, CATALOG)
        engine.execute(RUNS.create_statement())
        self.engine = engine
        self.world = World()
        self.world.context = replace(
            self.world.context,
            runs=engine,
            loader=Loader(engine, CATALOG, sleep=self.world.slept.append),
        )
        self.rejected: MemoryTopic | None = None

    def traffic(self, clicks: int = 200, views: int = 10) -> None:
        world = self.world
        for _ in range(clicks):
            world.click()
        for _ in range(views):
            view = uuid.uuid4()
            world.start(view)
            world.end(view)

    def verdict(self) -> Verdict:
        world = self.world
        witnesses = Witnesses(
            catalog=CATALOG,
            clickhouse=self.engine,
            ledger=world.ledger,
            history=MemoryHistory(world.topic),
            refusals=MemoryHistory(self.rejected) if self.rejected else NoTopic(world.topic),
            gap_grace_seconds=3600,
        )
        return judge(CATALOG, gather(witnesses, NOON - dt.timedelta(days=1), world.clock()))

    def missed(self) -> set[tuple[str, str | None]]:
        return {(f.check, f.event) for f in self.verdict().findings if f.met is False}

    def finding(self, check: str, event: str | None = CLICK) -> Finding:
        (found,) = (f for f in self.verdict().findings if (f.check, f.event) == (check, event))
        return found


@pytest.fixture
def observed(engine: ClickHouse) -> Observed:
    return Observed(engine)


def test_good_traffic_meets_everything(observed: Observed) -> None:
    for _ in range(3):
        observed.traffic()
        observed.world.run()
        observed.world.clock.pass_seconds(2 * HOUR)
    observed.world.run()
    verdict = observed.verdict()
    assert [f for f in verdict.findings if f.met is False] == []
    assert verdict.met
    assert verdict.facts.events[CLICK].consumed == verdict.facts.events[CLICK].rows == 600
    assert verdict.facts.views["page_view"].paired == 30
    assert verdict.facts.numbers
    assert verdict.facts.numbers.given == 660


def test_nothing_is_known_before_the_first_run(observed: Observed) -> None:
    verdict = observed.verdict()
    assert verdict.met
    assert observed.finding("gaps").met is None


def test_dropped_messages(observed: Observed) -> None:
    observed.traffic()
    for _ in range(5):
        observed.world.stamp()  # given, and never in the topic
    observed.traffic()
    observed.world.run()
    assert observed.missed() == set(), "they may still come"
    observed.world.clock.pass_seconds(2 * HOUR)
    observed.world.run()
    assert {check for check, _ in observed.missed()} == {"gaps"}
    assert f"producer {PRODUCER[:8]}: 5" in observed.finding("gaps").explanation
    assert observed.verdict().as_dict()["met"] is False


def test_requests_that_a_kill_cut_off_miss_no_objective(observed: Observed) -> None:
    world = observed.world
    for number in (1, 9):
        headers = (*world.stamp(number), ("ugc-settled", b"1"))
        world.send(CLICK, CLICK_DATA, headers=headers)
    world.run()
    world.clock.pass_seconds(2 * HOUR)
    world.run()
    assert observed.missed() == set()
    assert "7 more of requests that were cut off" in observed.finding("gaps").explanation


def test_rows_that_went_missing(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    observed.engine.execute("TRUNCATE TABLE ugc.element_click")
    assert ("missing rows", CLICK) in observed.missed()


def test_doubled_messages(observed: Observed) -> None:
    observed.traffic()
    log = observed.world.topic.logs[sum(CLICK.encode()) % 3]
    for raw in list(log[:50]):
        observed.world.topic.append(raw.partition, raw.key, raw.value, raw.headers)
    observed.world.run()
    assert ("duplicates", CLICK) in observed.missed()
    numbers = observed.verdict().facts.numbers
    assert numbers
    assert numbers.repeated >= 40


def test_a_stuck_partition(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    observed.world.click()
    observed.world.clock.pass_seconds(299)
    assert observed.missed() == set()
    observed.world.clock.pass_seconds(2)
    assert observed.missed() == {("freshness", CLICK)}
    assert "1 message waiting" in observed.finding("freshness").explanation


def test_a_release_that_sends_invalid_events(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    assert "not known" in observed.finding("invalid").explanation
    topic = MemoryTopic("ugc.events.rejected", 1, observed.world.clock.ms)
    observed.rejected = topic
    assert observed.missed() == set()
    refusal: dict[str, Any] = {"event": CLICK, "code": "data_invalid"}
    topic.append(0, CLICK.encode(), orjson.dumps({**refusal, "weight": 4}))
    assert observed.missed() == set()
    topic.append(0, CLICK.encode(), orjson.dumps(refusal))
    topic.append(0, START.encode(), b"not json", (("code", b"version_unknown"),))
    assert observed.missed() == {("invalid", CLICK)}
    assert "one alone is tolerated" in observed.finding("invalid", START).explanation
    topic.append(0, START.encode(), b"not json", (("code", b"version_unknown"),))
    assert observed.missed() == {("invalid", CLICK), ("invalid", START)}
    reasons = observed.verdict().facts.refusal_reasons
    assert reasons == {"data_invalid": 5, "version_unknown": 2}
    assert (
        orjson.loads(orjson.dumps(observed.verdict().as_dict()))["facts"]["refusal_reasons"]
        == reasons
    )


def test_unusable_messages(observed: Observed) -> None:
    observed.traffic()
    for _ in range(10):
        observed.world.topic.append(0, CLICK.encode(), b"poison", observed.world.stamp())
    observed.world.run()
    assert observed.missed() == {("invalid", CLICK)}


def test_a_rise_of_unpaired_views(observed: Observed) -> None:
    observed.traffic(views=10)
    for _ in range(8):
        observed.world.start(uuid.uuid4())
    observed.world.run()
    assert observed.missed() == set()
    observed.world.clock.pass_seconds(13 * HOUR)
    observed.world.run()
    assert observed.missed() == {("unpaired", "page_view")}


def test_one_unpaired_view_alone(observed: Observed) -> None:
    observed.world.start(uuid.uuid4())
    observed.world.run()
    observed.world.clock.pass_seconds(13 * HOUR)
    observed.world.run()
    assert observed.missed() == set()
    assert observed.finding("unpaired", "page_view").measured == 1.0


def test_offsets_that_nobody_booked(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    topic = observed.world.topic
    for partition, (offset, note) in list(topic.committed.items()):
        observed.world.click(partition=partition)
        observed.world.click(partition=partition)
        topic.committed[partition] = offset + 1, note
    observed.world.run()
    assert ("offset ranges", None) in observed.missed()
    assert "gap in partition 0" in observed.finding("offset ranges", None).explanation


@pytest.mark.parametrize("is_committed", [False, True])
def test_what_a_run_under_way_has_committed_is_no_gap(
    observed: Observed, is_committed: bool
) -> None:
    observed.traffic()
    observed.world.run()
    observed.traffic()
    # A run that was killed here has left what one has that goes on.
    die(observed.world, 1, after=is_committed)
    assert observed.world.ledger.kept_reports()
    assert ("offset ranges", None) not in observed.missed()


def test_offsets_that_were_set_back(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    observed.world.topic.committed.clear()
    observed.world.run()
    assert "overlap" in observed.finding("offset ranges", None).explanation


def test_a_topic_that_was_made_anew_overlaps_with_nothing(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    observed.world.topic.make_anew()
    observed.traffic()
    observed.world.run()
    assert ("offset ranges", None) not in observed.missed()
    observed.world.topic.committed.clear()
    observed.world.run()
    assert "overlap" in observed.finding("offset ranges", None).explanation


def test_numbers_in_a_topic_that_was_made_anew_are_not_missing(observed: Observed) -> None:
    """Its offsets begin anew, so they say nothing of what was noted of the former one."""
    observed.traffic()
    observed.world.run()
    observed.world.topic.make_anew()
    observed.traffic(clicks=400)
    observed.world.run()
    observed.world.clock.pass_seconds(2 * HOUR)
    observed.world.run()
    assert ("gaps", CLICK) not in observed.missed()
    assert (numbers := observed.verdict().facts.numbers) is not None
    assert (numbers.given, numbers.missing, numbers.awaited) == (640, 0, 0)


def test_a_note_of_a_run_on_the_topic_before_is_no_overlap(observed: Observed) -> None:
    observed.traffic()
    observed.world.run()
    observed.traffic()
    die(observed.world, 1, after=True)
    observed.world.topic.make_anew()
    observed.traffic(clicks=400)
    assert observed.world.ledger.kept_reports()
    assert ("offset ranges", None) not in observed.missed()
    observed.world.run()
    assert ("offset ranges", None) not in observed.missed()


@pytest.mark.parametrize(
    ("ranges", "faults"),
    [
        ([], []),
        ([(0, 5, 9), (0, 9, 12), (1, 0, 3)], []),
        ([(0, 9, 12), (0, 0, 5)], [RangeFault("gap", 0, 5, 9)]),
        ([(0, 0, 5), (0, 3, 9)], [RangeFault("overlap", 0, 3, 5)]),
        ([(0, 0, 9), (0, 2, 4), (0, 9, 10)], [RangeFault("overlap", 0, 2, 4)]),
    ],
)
def test_faults_of_ranges(ranges: list[tuple[int, int, int]], faults: list[RangeFault]) -> None:
    assert range_faults(ranges) == faults


# Alerts


def test_the_alert_file_is_the_contracts(golden: Golden) -> None:
    golden.file("deploy/alerts.yml", render(CATALOG))


def test_the_alert_file_is_a_rule_file() -> None:
    (group,) = yaml.safe_load(render(CATALOG))["groups"]
    for found, rule in zip(group["rules"], rules(CATALOG), strict=True):
        assert found["alert"] == rule.name
        assert found["expr"] == rule.expr
        assert found["labels"].get("event") == rule.event
        assert set(found) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[0-9]+[mh]", found["for"])


def test_alerts_use_figures_that_are_there() -> None:
    text = {sample.name for family in Metrics().registry.collect() for sample in family.samples} | {
        f"{family.name}_total" for family in Metrics().registry.collect()
    }
    text |= {family.name for family in Metrics().registry.collect()}
    used = {name for rule in rules(CATALOG) for name in re.findall(r"ugc_etl_\w+", rule.expr)}
    assert used <= text


def test_alerts_use_figures_of_the_api_that_are_documented() -> None:
    text = (ALERTS.parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(ugc_api_\w+)", text, re.MULTILINE))
    used = {name for rule in rules(CATALOG) for name in re.findall(r"ugc_api_\w+", rule.expr)}
    assert used
    assert {re.sub(r"(?<=seconds)_(count|bucket)$", "", name) for name in used} <= told


def test_every_objective_has_an_alert() -> None:
    told = {(rule.name, rule.event) for rule in rules(CATALOG)}
    for contract in CATALOG.newest:
        wanted = {
            "UgcInvalid": contract.quality.max_invalid_ratio,
            "UgcReleaseSendsInvalid": contract.quality.max_invalid_ratio,
            "UgcDuplicates": contract.quality.max_duplicate_ratio,
            "UgcUnpaired": contract.quality.max_unpaired_ratio,
        }
        for name, limit in wanted.items():
            assert ((name, contract.event) in told) is (limit is not None)
    assert {name for name, event in told if event is None} >= {
        "UgcLoaderStalled",
        "UgcEventsMissing",
        "UgcPartitionStuck",
        "UgcBooksDoNotBalance",
    }


@pytest.mark.parametrize("seconds", [-24 * HOUR, 24 * HOUR])
def test_a_worker_whose_clock_is_off(observed: Observed, seconds: float) -> None:
    world = observed.world
    for _ in range(3):
        view = uuid.uuid4()
        world.start(view)
        world.clock.pass_seconds(seconds)
        world.end(view)
        world.clock.pass_seconds(-seconds)
    world.run()
    assert ("clocks", "page_view") in observed.missed()
    assert observed.finding("clocks", "page_view").measured == 1


def test_a_loader_whose_clock_was_ahead(observed: Observed) -> None:
    observed.world.click()
    observed.world.clock.pass_seconds(24 * HOUR)
    observed.world.run()
    assert observed.missed() == set()
    observed.world.clock.pass_seconds(-24 * HOUR)
    assert ("times to come", None) in observed.missed()


def test_a_message_from_the_future_that_waits(observed: Observed) -> None:
    """As a loader sees it whose clock is behind, or of a worker that is ahead."""
    observed.world.click()
    observed.world.clock.pass_seconds(-24 * HOUR)
    assert ("times to come", None) in observed.missed()
    assert observed.finding("freshness").measured == 0
