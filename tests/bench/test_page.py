"""How runs are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.harness import plots, results
from bench.harness.table import NoMarkersError, between, markdown, render
from tests.bench.runs import case, run

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
RUNS = [
    run(taken="2026-01-30T12:00:00Z"),
    run(
        case("api/quick-rsgi", [100, 110, 120]),
        case("api/single-64", [50, 55, 60], against=("api/quick-rsgi",)),
    ),
]


def test_the_page_names_machine_commit_and_remarks() -> None:
    text = render(RUNS)
    assert "`0123456789ab`" in text
    assert "P, 1 GiB, K; Python 3.11, flask 3" in text
    assert "**Measured on a busy machine**" in text


def test_each_case_has_its_figures_with_their_spread() -> None:
    assert "| `api/single-64` | the title of api/single-64 | 55 ± 5 | 50.0 ± 0.0 |" in render(RUNS)


def test_ratios_stand_below_and_older_runs_beside() -> None:
    text = render(RUNS)
    assert "| `api/single-64` | 0.50 ± 0.00 (1.00) |" in text
    assert text.index("| 2026-01-31 |") < text.index("| 2026-01-30 |")


def test_a_goal_that_is_missed_is_told() -> None:
    assert "| `api/single-64` | ≥ 10,000 events/s | 55 | **no** |" in render(RUNS)


def test_other_answers_are_told() -> None:
    assert "Every request of every case was answered" in render(RUNS)


def test_only_what_is_between_the_markers_changes() -> None:
    page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
    assert between(page, "x", "new\n") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"
    with pytest.raises(NoMarkersError):
        between(page, "y", "new")


def test_columns_of_numbers_stand_to_the_right() -> None:
    assert markdown(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_the_pictures_of_a_run_are_the_same_each_time(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in plots.draw(RUNS[-1], tmp_path / "a")}
    second = {path.name: path.read_bytes() for path in plots.draw(RUNS[-1], tmp_path / "b")}
    assert first == second
    assert set(first) == {"performance-api.svg", "performance-latency.svg"}


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = PAGE.read_text("utf-8")
    assert between(page, "bench", render(results.all_runs())) == page
