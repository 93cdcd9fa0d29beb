"""Medians, ratios and what counts as worse."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bench.harness import results
from bench.harness.cases import API_CASES, LOADER_CASES
from bench.harness.check import changes, worse
from bench.harness.contracts import CONTRACTS_CASES
from bench.harness.figures import figure, ratio, ratios
from bench.harness.goals import Goal
from bench.harness.run import Scope
from tests.bench.runs import case, run

BASE, OURS = "api/base", "api/ours"


def test_a_figure_is_the_median_and_half_of_the_distance_between_the_extremes() -> None:
    found = figure([10.0, 30.0, 11.0])
    assert (found.value, found.spread) == (11.0, 10.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    ours, base = case(OURS, [20, 200, 40], against=(BASE,)), case(BASE, [10, 100, 10])
    found = ratio(ours, base, "events_per_s")
    assert found is not None
    assert (found.figure.value, found.figure.spread) == (2.0, 1.0)


def test_less_processor_time_is_the_better_ratio() -> None:
    ours, base = case(OURS, [1], against=(BASE,), cpu_us=25), case(BASE, [1], cpu_us=50)
    found = ratio(ours, base, "cpu_us")
    assert found is not None
    assert found.figure.value == 2.0


def test_a_baseline_that_was_not_measured_gives_no_ratio() -> None:
    assert ratios(run(case(OURS, [1], against=(BASE,)))) == []


def test_what_falls_by_more_than_both_spreads_got_worse() -> None:
    base = case(BASE, [100, 100, 100])
    before = run(base, case(OURS, [200, 210, 220], against=(BASE,)))
    within = run(base, case(OURS, [180, 190, 200], against=(BASE,)))
    below = run(base, case(OURS, [140, 150, 160], against=(BASE,)))
    assert worse(changes([before], within)) == []
    (change,) = worse(changes([before], below))
    assert "2.10 -> 1.50 (-29%" in str(change)
    assert worse(changes([below], before)) == []


def test_a_spread_is_tolerated_and_a_tenth_at_least() -> None:
    base = case(BASE, [100, 100, 100])
    steady, unsteady = ([200, 200, 200], [140, 200, 260])
    for earlier, later, is_worse in (
        (steady, [181, 181, 181], False),
        (steady, [179, 179, 179], True),
        (unsteady, [141, 141, 141], False),
        (unsteady, [139, 139, 139], True),
    ):
        before = run(base, case(OURS, earlier, against=(BASE,)))
        after = run(base, case(OURS, later, against=(BASE,)))
        assert bool(worse(changes([before], after))) is is_worse


def test_the_worst_is_told_first() -> None:
    base = case(BASE, [100])
    two = ("api/one", "api/two")
    before = run(base, *(case(name, [200], against=(BASE,)) for name in two))
    after = run(base, case(two[0], [150], against=(BASE,)), case(two[1], [50], against=(BASE,)))
    found = worse(changes([before], after))
    assert [change.after.case for change in found] == ["api/two", "api/one"]


def test_a_ratio_is_compared_with_the_newest_run_that_has_it() -> None:
    base, loaders = case(BASE, [100]), case("loader/base", [100])
    ours = case(OURS, [200], against=(BASE,))
    first = run(base, case(OURS, [900], against=(BASE,)), loaders,
                case("loader/ours", [300], against=("loader/base",)))  # fmt: skip
    part = run(base, ours)
    after = run(base, ours, loaders, case("loader/ours", [100], against=("loader/base",)))
    (change,) = worse(changes([first, part], after))
    assert str(change).startswith("loader/ours against loader/base, events_per_s: 3.00 -> 1.00")


def test_a_round_without_a_figure_gives_no_ratio() -> None:
    """The loader's, when a start alone took longer than another and its work."""
    ours = dataclasses.replace(
        case(OURS, [1, 1], against=(BASE,)), samples=({"cpu_us": 5.0}, {"events_per_s": 300.0})
    )
    found = ratio(ours, case(BASE, [100, 100]), "events_per_s")
    assert found is not None
    assert found.figure.value == 3.0


def test_a_part_is_measured_with_what_it_is_held_against() -> None:
    chosen = Scope(only="loader/mixed,contracts/check").chosen
    assert {each.name for each in chosen(LOADER_CASES)} == {
        *("loader/mixed", "loader/stock", "loader/fastavro", "loader/raw", "loader/nothing")
    }
    assert [each.name for each in chosen(CONTRACTS_CASES)] == [
        *("contracts/json-500", "contracts/check-500")
    ]
    assert chosen(API_CASES) == ()


def test_a_case_that_only_one_run_has_is_not_compared() -> None:
    base = case(BASE, [100])
    assert changes([run(base)], run(base, case(OURS, [1], against=(BASE,)))) == []


def test_a_goal_is_a_bound_of_a_metric_or_of_a_ratio() -> None:
    measured = run(case(BASE, [100]), case(OURS, [300], against=(BASE,)))
    least = Goal(case=OURS, metric="events_per_s", bound=400, side="least", unit="/s")
    times = Goal(case=OURS, metric="events_per_s", bound=3, side="least", unit="", against=BASE)
    assert (least.value(measured), least.is_reached(300)) == (300, False)
    assert (times.value(measured), times.is_reached(3)) == (3, True)
    assert times.value(run()) is None


def test_a_run_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    kept = run(case(BASE, [1, 2]), case(OURS, [3, 4], against=(BASE,)))
    later = run(taken="2026-02-01T00:00:00Z")
    results.save(later, tmp_path)
    results.save(kept, tmp_path)
    assert results.all_runs(tmp_path) == [kept, later]
