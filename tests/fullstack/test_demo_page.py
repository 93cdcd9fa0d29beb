"""A newcomer in the cinema: clicks become the right rows, and the panel shows how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fullstack.cache import cached
from tests.fullstack.chromium import Page, chromium
from tests.support.stack import Running, free_ports
from ugc.local.stack import Stack, StackConfig

pytestmark = [pytest.mark.full, pytest.mark.stack, pytest.mark.timeout(300)]

FILM = "lt-0104"
ADA = "8a1f3c52-6f0e-4b7d-9c11-5d2f7e0a4b01"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack.start(StackConfig(state_dir=folder, ports=free_ports(), alone=True)) as stack:
        yield Running(stack)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Page]:
    """A tab of its own for each test: the tracker, the hints and the tag are kept in it."""
    with chromium(tmp_path) as page:
        page.show_as(width=1280, height=900, is_mobile=False, colors="light")
        yield page


def click(page: Page, selector: str) -> None:
    found = f"document.querySelector({json.dumps(selector)})"
    page.wait(f"{found} !== null")
    page.run(f"{found}.click()")


def choose(page: Page, selector: str, value: str) -> None:
    page.run(
        f"""(() => {{
          const choice = document.querySelector({json.dumps(selector)});
          choice.value = {json.dumps(value)};
          choice.dispatchEvent(new Event("change", {{ bubbles: true }}));
        }})()"""
    )


def card(event: str, *, has: str = "") -> str:
    """The cards of an event, those with a text in them, as a script."""
    return (
        "[...document.querySelectorAll('.event')].filter((card) =>"
        f" card.querySelector('h3').textContent === {json.dumps(event)}"
        f" && card.textContent.includes({json.dumps(has)}))"
    )


def wait_for_row(page: Page, event: str, *, has: str = "") -> None:
    """Until the panel shows the row of such an event."""
    page.wait(f"{card(event, has=has)}.some((each) => each.classList.contains('whole'))")


def rows(running: Running, table: str, columns: str) -> list[dict[str, Any]]:
    return running.rows(f"SELECT {columns} FROM ugc.{table} FINAL ORDER BY timestamp")


def test_a_visit_becomes_the_right_rows_and_the_panel_shows_each(
    running: Running, browser: Page, tmp_path: Path
) -> None:
    browser.open(f"{running.api}/demo")
    click(browser, f'.card[href="#/film/{FILM}"]')
    click(browser, 'button[data-click="trailer"]')
    choose(browser, ".controls select", "1080")
    click(browser, 'button[data-click="play"]')
    browser.wait("document.querySelector('.time').textContent === '0:12 / 0:12'")
    click(browser, "a.find")
    choose(browser, "select[name=genre]", "drama")
    browser.run("document.querySelector('form').requestSubmit()")
    click(browser, "#sign")
    click(browser, ".visitors button")
    browser.wait("document.getElementById('sign').textContent.includes('Ada')")
    click(browser, 'a[href="#/category/comedy"]')
    wait_for_row(browser, "element_click", has="trailer")
    wait_for_row(browser, "quality_change")
    wait_for_row(browser, "video_complete")
    wait_for_row(browser, "search_filter")
    wait_for_row(browser, "element_click", has="category")
    wait_for_row(browser, "page_view_start", has="movie")
    wait_for_row(browser, "page_view_end", has="movie")
    browser.wait(f"{card('page_view_start', has='when the page is left')}.length === 1")
    browser.screenshot(tmp_path / "visit.png")

    clicks = rows(running, "element_click", "element_type, page_type, toString(user_id) AS who")
    # Those of one batch may change places.
    assert sorted((each["element_type"], each["page_type"]) for each in clicks) == [
        ("category", "search"),
        ("movie", "home"),
        ("play", "movie"),
        ("search", "movie"),
        ("sign_in", "search"),
        ("trailer", "movie"),
        ("visitor", "search"),
    ]
    assert [each["element_type"] for each in clicks if each["who"] == ADA] == ["category"]
    assert rows(running, "quality_change", "video_id, old_quality, new_quality") == [
        {"video_id": FILM, "old_quality": 720, "new_quality": 1080}
    ]
    (completed,) = rows(running, "video_complete", "video_id, duration_total")
    assert (completed["video_id"], bool(completed["duration_total"])) == (FILM, True)
    (searched,) = rows(running, "search_filter", "search_query, filters")
    assert searched == {"search_query": "", "filters": "genre=drama"}
    views = rows(running, "page_view", "page_type, paired, duration_seconds")
    assert [each["page_type"] for each in views] == ["home", "movie", "search", "search"]
    assert all(each["paired"] for each in views)
    assert views[1]["duration_seconds"] >= 12, "a film and its page last 12 seconds"
    assert browser.run("document.getElementById('hint').innerText").startswith("7 of 7")
    assert browser.complaints == []


def test_a_film_that_was_skipped_through_was_not_watched_whole(
    running: Running, browser: Page
) -> None:
    browser.open(f"{running.api}/demo#/film/lt-0103")
    browser.run(
        """(() => {
          const slider = document.querySelector("input[type=range]");
          slider.value = slider.max;
          slider.dispatchEvent(new Event("input"));
        })()"""
    )
    wait_for_row(browser, "video_complete", has="duration_total false")


def test_a_broken_event_shows_its_problem_document(
    running: Running, browser: Page, tmp_path: Path
) -> None:
    browser.open(f"{running.api}/demo")
    click(browser, "#break")
    refused = card("quality_change", has="refused: 422")
    browser.wait(f"{refused}.length === 1")
    text = browser.run(f"{refused}[0].innerText")
    assert "/data/new_quality is required" in text
    assert '/data/old_quality must be integer, not "720p"' in text
    document = browser.run(f"{refused}[0].querySelectorAll('pre')[1].textContent")
    assert json.loads(document)["code"] == "data_invalid"
    browser.screenshot(tmp_path / "broken.png")


def test_what_is_left_by_going_away_is_shown_when_the_visitor_comes_back(
    running: Running, browser: Page
) -> None:
    browser.open(f"{running.api}/demo#/search")
    wait = f"{card('page_view_start', has='search')}.length > 0"
    browser.wait(wait)
    browser.open(f"{running.api}/")
    browser.open(f"{running.api}/demo")
    wait_for_row(browser, "page_view_end", has="search")


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
@pytest.mark.parametrize("path", ["/", "/demo", f"/demo#/film/{FILM}", "/demo#/search", "/demo#/x"])
def test_a_page_fits_its_screen_and_axe_finds_nothing(
    running: Running,
    browser: Page,
    path: str,
    width: int,
    height: int,
    colors: str,
    tmp_path: Path,
) -> None:
    axe = cached("web", "web/package-lock.json") / "node_modules" / "axe-core" / "axe.min.js"
    browser.show_as(width=width, height=height, is_mobile=width < 500, colors=colors)
    browser.open(f"{running.api}{path}")
    if path != "/":
        click(browser, "#break")
        browser.wait(f"{card('quality_change', has='refused: 422')}.length === 1")
        browser.run("document.querySelector('details').open = true")
    browser.screenshot(tmp_path / "page.png")
    assert browser.run("document.documentElement.scrollWidth") <= width
    browser.run(f"{axe.read_text(encoding='utf-8')};true")
    found = "violations.map((each) => [each.id, each.nodes.map((node) => node.html)])"
    assert browser.run(f"axe.run().then(({{ violations }}) => {found})") == []
    assert browser.complaints == []
