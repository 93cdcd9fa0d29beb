"""The shipped alert file under Prometheus's own ``promtool``: its form, and when alerts fire."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.etl.world import CATALOG
from tests.fullstack.cache import program
from ugc.quality.alerts import Rule, rules

pytestmark = pytest.mark.full

ALERTS = Path(__file__).parents[2] / "deploy" / "alerts.yml"
BY_NAME = {(rule.name, rule.event): rule for rule in rules(CATALOG)}
MINUTES = 400
"""Longer than the longest window and the longest wait together."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Figures, one value for each minute; and whether the alert fires in the last of them."""

    name: str
    event: str | None = None
    series: dict[str, str]
    fires: bool
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def rule(self) -> Rule:
        return BY_NAME[self.name, self.event]

    def __str__(self) -> str:
        figures = " ".join(self.series.values())
        return f"{self.name}-{self.event or 'loader'}-{'yes' if self.fires else 'no'} {figures}"


def grows(each_minute: int) -> str:
    return f"0+{each_minute}x{MINUTES}"


def stays(value: int) -> str:
    return f"{value}x{MINUTES}"


def shares(name: str, event: str | None, limit: float, part: str, *rest: str) -> Iterator[Case]:
    """A share a little above its limit, and one a little below."""
    for factor in (1.1, 0.9):
        bad = round(100_000 * limit * factor)
        series = {part: grows(bad), **dict.fromkeys(rest, grows(100_000))}
        yield Case(name=name, event=event, series=series, fires=factor > 1)


def api_cases() -> Iterator[Case]:
    def cases(
        name: str, labels: tuple[tuple[str, str], ...], *told: tuple[bool, dict[str, str]]
    ) -> Iterator[Case]:
        for fires, series in told:
            yield Case(name=name, series=series, fires=fires, labels=labels if fires else ())

    refused = 'ugc_api_records_total{outcome="refused"}'
    yield from cases(
        "UgcApiStoresNothing", (), (True, {refused: grows(1)}), (False, {refused: stays(5)})
    )
    used, limit = "ugc_api_spool_bytes", "ugc_api_spool_limit_bytes"
    yield from cases(
        "UgcSpoolFills",
        (),
        (True, {used: stays(51), limit: stays(100)}),
        (False, {used: stays(50), limit: stays(100)}),
    )
    oldest = "ugc_api_spool_oldest_seconds"
    yield from cases("UgcSpoolOld", (), (True, {oldest: stays(601)}), (False, {oldest: stays(600)}))
    good, bad = (f'ugc_api_request_seconds_count{{status="{s}"}}' for s in (202, 503))
    yield from cases(
        "UgcApiFails",
        (),
        (True, {good: grows(100_000), bad: grows(110)}),
        (False, {good: grows(100_000), bad: grows(90)}),
    )
    bucket = 'ugc_api_request_seconds_bucket{{route="/api/v1/events",le="{}"}}'
    yield from cases(
        "UgcApiSlow",
        (),
        (True, {bucket.format("0.1"): grows(980), bucket.format("+Inf"): grows(1_000)}
            | {bucket.format("0.25"): grows(1_000)}),
        (False, {bucket.format("0.1"): grows(995), bucket.format("+Inf"): grows(1_000)}
            | {bucket.format("0.25"): grows(1_000)}),
    )  # fmt: skip
    is_open = 'ugc_api_breaker_open{part="auth_service"}'
    yield from cases(
        "UgcPartNotAsked",
        (("part", "auth_service"),),
        (True, {is_open: stays(2)}),
        (False, {is_open: stays(0)}),
    )


def loader_cases() -> Iterator[Case]:
    success = "ugc_etl_last_success_timestamp_seconds"
    yield Case(name="UgcLoaderStalled", series={success: stays(0)}, fires=True)
    yield Case(name="UgcLoaderStalled", series={success: f"0+60x{MINUTES}"}, fires=False)
    yield Case(name="UgcLoaderStalled", series={}, fires=True)
    unbalanced = 'ugc_etl_runs_total{outcome="unbalanced"}'
    told = (("outcome", "unbalanced"),)
    for values, fires in ((f"0x{MINUTES - 10} 1x10", True), (stays(0), False), (stays(7), False)):
        yield Case(
            name="UgcBooksDoNotBalance", series={unbalanced: values}, fires=fires, labels=told
        )
    held = 'ugc_etl_last_run_outcome{outcome="held"}'
    for value, fires in ((1, True), (0, False)):
        yield Case(name="UgcLoaderNeedsContracts", series={held: stays(value)}, fires=fires)
    lag = 'ugc_etl_lag_messages{partition="1"}'
    told = (("partition", "1"),)
    for values, fires in (
        (stays(9), True),
        (grows(1), True),
        (f"900-1x{MINUTES}", False),
        (stays(0), False),
    ):
        yield Case(name="UgcPartitionStuck", series={lag: values}, fires=fires, labels=told)
    flows = {'ugc_etl_consumed_total{event="element_click"}': grows(40_000)}
    for values, fires in ((stays(900), False), (f"39000+1000x{MINUTES}", True)):
        series = {**flows, lag: values}
        yield Case(name="UgcPartitionStuck", series=series, fires=fires, labels=told)
    away = 'ugc_etl_part_away{part="redis"}'
    for value, fires in ((1, True), (0, False)):
        told = (("part", "redis"),)
        yield Case(name="UgcLoaderWaits", series={away: stays(value)}, fires=fires, labels=told)
    for missing, fires in ((150, True), (50, False)):
        figures = {
            "ugc_etl_missing_numbers": stays(missing),
            "ugc_etl_given_numbers": stays(1_000_000),
        }
        yield Case(name="UgcEventsMissing", series=figures, fires=fires)


def event_cases() -> Iterator[Case]:
    for contract in CATALOG.newest:
        quality, event = contract.quality, contract.event
        label = f'{{event="{event}"}}'
        consumed = f"ugc_etl_consumed_total{label}"
        if (tolerated := quality.max_invalid_ratio) is not None:
            sent = f'ugc_api_events_total{{event="{event}",outcome="accepted"}}'
            refused = f'ugc_api_events_total{{event="{event}",outcome="refused"}}'
            for each_minute, number, fires in (
                (1_000, round(1_000 * tolerated * 1.2), True),
                (1_000, round(1_000 * tolerated * 0.8), False),
                (1, 1, False),  # half of all, and few
            ):
                yield Case(
                    name="UgcReleaseSendsInvalid",
                    event=event,
                    series={sent: grows(each_minute), refused: grows(number)},
                    fires=fires,
                )
        for name, limit, part in (
            ("UgcInvalid", quality.max_invalid_ratio, "dead"),
            ("UgcDuplicates", quality.max_duplicate_ratio, "duplicates"),
        ):
            if limit is not None:
                yield from shares(name, event, limit, f"ugc_etl_{part}_total{label}", consumed)
        if (limit := quality.max_unpaired_ratio) is not None:
            for unpaired, fires in ((limit * 1.1, True), (limit * 0.9, False)):
                figures = {
                    f"ugc_etl_unpaired_total{label}": grows(round(unpaired * 10_000)),
                    f"ugc_etl_paired_total{label}": grows(round((1 - unpaired) * 10_000)),
                }
                yield Case(name="UgcUnpaired", event=event, series=figures, fires=fires)


CASES = [*api_cases(), *loader_cases(), *event_cases()]


def test_promtool_takes_the_file() -> None:
    done = promtool("check", "rules", str(ALERTS))
    assert done.returncode == 0, done.stderr
    assert f"{len(BY_NAME)} rules found" in done.stdout


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_not() -> None:
    told = {(case.name, case.event, case.fires) for case in CASES}
    assert told == {(*key, fires) for key in BY_NAME for fires in (True, False)}


def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    """All in one file, since the program takes long to start."""
    file = tmp_path / "cases.yml"
    tests = [as_promtool_has_it(case) for case in CASES]
    file.write_text(
        json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "5m", "tests": tests})
    )
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def as_promtool_has_it(case: Case) -> dict[str, Any]:
    rule = case.rule
    labels = {"severity": rule.severity, "owner": rule.owner, **dict(case.labels)}
    if rule.event is not None:
        labels["event"] = rule.event
    summary = rule.summary
    for label, value in case.labels:
        summary = summary.replace(f"{{{{ $labels.{label} }}}}", value)
    told = {"summary": summary, "description": rule.description}
    alerts = [{"exp_labels": labels, "exp_annotations": told}] if case.fires else []
    return {
        "name": str(case),
        "interval": "1m",
        "input_series": [{"series": name, "values": v} for name, v in case.series.items()],
        "alert_rule_test": [
            {"eval_time": f"{MINUTES}m", "alertname": case.name, "exp_alerts": alerts}
        ],
    }


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, timeout=120
    )
