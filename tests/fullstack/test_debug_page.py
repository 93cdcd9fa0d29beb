"""The debugger's page in a real browser: live, without markup from events, readable."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fullstack.cache import cached
from tests.fullstack.chromium import Page, chromium
from tests.support.stack import Running, free_ports
from ugc.local.stack import Stack, StackConfig

pytestmark = [pytest.mark.full, pytest.mark.stack]

SHOTS = os.environ.get("DEBUG_PAGE_SCREENSHOTS")
"""A folder for pictures of the page, where somebody wants to look at them."""

HOSTILE = "<img src=x onerror=\"document.title='acted'\">"
CLICK = {"element_type": "trailer", "page_type": "movie"}
ITEMS = "document.querySelectorAll('#list > li')"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack.start(StackConfig(state_dir=folder, ports=free_ports(), alone=True)) as started:
        yield Running(started)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(autouse=True)
def nothing_recorded(stack: Running) -> None:
    assert stack.post(b"", path="/debug/reset").status_code == 204


def opened(browser: Page, stack: Running, query: str = "") -> None:
    browser.open(f"{stack.api}/debug{query}")
    browser.wait("document.getElementById('connection').className === 'good'")


def open_first(browser: Page) -> None:
    browser.run(f"{ITEMS}[0].querySelector('summary').focus()")
    browser.run(f"{ITEMS}[0].querySelector('summary').click()")
    browser.wait(f"{ITEMS}[0].querySelector('.details') !== null")


def text_of(browser: Page, selector: str) -> str:
    found: str = browser.run(f"document.querySelector({json.dumps(selector)}).innerText")
    return found


def test_an_event_appears_as_it_comes(stack: Running, browser: Page) -> None:
    opened(browser, stack)
    stack.accept("element_click", CLICK)
    browser.wait(f"{ITEMS}.length === 1")
    assert "element_click" in text_of(browser, "#list")
    assert browser.complaints == []


def test_what_was_sent_is_text(stack: Running, browser: Page) -> None:
    opened(browser, stack)
    stack.post({"event": "element_click", "token": None, "data": {"element_type": HOSTILE}})
    stack.post({"event": HOSTILE, "token": None, "data": {HOSTILE: 1}})
    browser.wait(f"{ITEMS}.length === 2")
    for number in (0, 1):
        browser.run(f"{ITEMS}[{number}].querySelector('summary').click()")
        browser.wait(f"{ITEMS}[{number}].querySelector('.details') !== null")
    assert browser.run("document.querySelectorAll('#list img').length") == 0
    assert browser.run("document.title") != "acted"
    assert "onerror" in text_of(browser, "#list")
    assert browser.complaints == []


def test_a_rejected_event_is_explained_and_tried_again(stack: Running, browser: Page) -> None:
    opened(browser, stack)
    wrong = {"element_type": "banner", "page_type": 5}
    context = {"locale": "en", "page_url": "https://example.com/", "sequence": 1}
    stack.post({"event": "element_click", "token": None, "data": wrong, "context": context})
    browser.wait(f"{ITEMS}.length === 1")
    open_first(browser)
    details = text_of(browser, ".details")
    for part in ("/data/page_type", "must be string", "nearest valid event"):
        assert part in details
    check = "document.querySelector('.details textarea + button')"
    browser.run(f"{check}.click()")
    browser.wait("document.querySelector('.details [role=status] .rejected') !== null")
    assert "/context" not in text_of(browser, ".details [role=status]"), "its values are masked"
    browser.run(
        "{ const field = document.querySelector('.details textarea');"
        " field.value = field.value.replace(': 5', ': \"promotion\"'); }"
    )
    browser.run(f"{check}.click()")
    browser.wait("document.querySelector('.details [role=status] .accepted') !== null")
    picture(browser, "rejected")


def test_an_event_is_followed_to_its_row(stack: Running, browser: Page) -> None:
    event_id = stack.accept("element_click", CLICK)
    opened(browser, stack, f"?event_id={event_id}")
    browser.wait("document.querySelectorAll('#follow .done').length >= 4")
    told = text_of(browser, "#follow")
    for part in ("accepted in", "partition", "offset", "element_click", "trailer", "loaded_at"):
        assert part in told
    picture(browser, "followed")


def test_a_half_waits_for_the_other_one(stack: Running, browser: Page) -> None:
    view = {"page_view_id": str(uuid.uuid4()), "page_type": "movie"}
    start = stack.accept("page_view_start", view)
    opened(browser, stack, f"?event_id={start}")
    browser.wait("document.querySelector('#follow')?.innerText.includes('open: waits for its')")
    end = stack.accept("page_view_end", view)
    for event_id in (start, end):
        opened(browser, stack, f"?event_id={event_id}")
        browser.wait("document.querySelector('#follow')?.innerText.includes('duration_seconds')")


def test_the_filter_is_in_the_address(stack: Running, browser: Page) -> None:
    stack.accept("element_click", CLICK)
    stack.post({"event": "element_click", "token": None, "data": {}}, **{"X-UGC-Debug": "mine"})
    opened(browser, stack, "?tag=mine")
    assert browser.run(f"{ITEMS}.length") == 1
    browser.run("document.getElementById('tag').value = ''")
    browser.run("document.getElementById('filters').requestSubmit()")
    browser.wait(f"{ITEMS}.length === 2 && location.search === ''")
    browser.run(
        "{ const field = document.getElementById('outcome'); field.value = 'rejected';"
        " field.dispatchEvent(new Event('change')); }"
    )
    browser.wait(f"{ITEMS}.length === 1 && location.search === '?outcome=rejected'")


def test_a_broken_stream_is_told_and_goes_on_without_a_gap(stack: Running, browser: Page) -> None:
    opened(browser, stack)
    browser.run(
        "{ window.kept = window.fetch; window.fetch = () => Promise.reject(new Error('cut')); }"
    )
    # The stream that is open ends, as when the server is started anew.
    browser.run("document.getElementById('filters').requestSubmit()")
    browser.wait("document.getElementById('connection').className === 'broken'")
    stack.accept("element_click", CLICK)
    browser.run("window.fetch = window.kept")
    browser.wait("document.getElementById('connection').className === 'good'")
    browser.wait(f"{ITEMS}.length === 1")


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 1000), (390, 844)])
def test_axe_finds_nothing(
    stack: Running, browser: Page, width: int, height: int, colors: str
) -> None:
    browser.show_as(width=width, height=height, is_mobile=width < 500, colors=colors)
    event_id = stack.accept("element_click", CLICK)
    wrong: dict[str, Any] = {"element_type": "banner", "page_typ": "promotion"}
    stack.post(
        {"event": "element_click", "token": None, "data": wrong}, **{"X-UGC-Debug": "a-test"}
    )
    stack.post({"event": "element_click", "token": None, "data": CLICK, "event_id": str(event_id)})
    opened(browser, stack)
    browser.wait(f"{ITEMS}.length === 3")
    browser.run(f"{ITEMS}[2].querySelector('summary').click()")
    browser.wait(f"{ITEMS}[2].querySelector('.details button') !== null")
    browser.run(f"{ITEMS}[2].querySelector('.details button').click()")
    browser.run(f"{ITEMS}[1].querySelector('summary').click()")
    browser.wait("document.querySelectorAll('#follow .done').length >= 4")
    picture(browser, f"page-{width}-{colors}")
    browser.run("document.getElementById('list').scrollIntoView()")
    picture(browser, f"list-{width}-{colors}")
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    axe = cached("web", "web/package-lock.json") / "node_modules" / "axe-core" / "axe.min.js"
    browser.run(axe.read_text(encoding="utf-8"))
    found = browser.run(
        "axe.run().then((all) => all.violations.map((each) =>"
        " `${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`))"
    )
    assert found == []


def picture(browser: Page, name: str) -> None:
    if SHOTS:
        browser.screenshot(Path(SHOTS) / f"{name}.png")
