"""The catalogue in a real browser: opened from a disk, without another host, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fullstack.cache import cached
from tests.fullstack.chromium import Page, chromium
from tests.support.everything import catalog_with_everything
from tests.ugc.catalog.test_site import site_of
from ugc.catalog.writing import write_site

pytestmark = pytest.mark.full

PAGES = (
    "index.html",
    "events/order_placed/index.html",
    "events/checkout/index.html",
    "events/order_placed/changes/2-3/index.html",
    "fields/index.html",
    "tables/order_placed/index.html",
    "shared/address/index.html",
    "applications/index.html",
    "owners/shop/index.html",
    "reasons/index.html",
)
SCREENS = {"desktop": (1280, 1000), "telephone": (390, 844)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site")
    write_site(site_of(catalog_with_everything()), folder)
    return folder.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_the_page_fits(
    site: str, browser: Page, path: str, screen: str, colors: str, tmp_path: Path
) -> None:
    width, height = SCREENS[screen]
    browser.show_as(width=width, height=height, is_mobile=width < 500, colors=colors)
    browser.open(f"{site}/{path}")
    browser.run("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    browser.screenshot(tmp_path / "page.png")
    assert browser.run("document.documentElement.scrollWidth") <= width
    axe = cached("web", "web/package-lock.json") / "node_modules" / "axe-core" / "axe.min.js"
    browser.run(axe.read_text(encoding="utf-8"))
    found = browser.run(
        # It would read style sheets once more, which a page from a disk may not.
        "axe.run({ preload: false }).then((all) => all.violations.map((each) =>"
        " `${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`))"
    )
    assert found == []
    assert browser.complaints == []


def test_the_search_finds_a_field_and_is_worked_with_keys(site: str, browser: Page) -> None:
    browser.show_as(width=1280, height=1000, is_mobile=False, colors="light")
    browser.open(f"{site}/index.html")
    press(browser, "/")
    assert browser.run("document.activeElement.id") == "query"
    browser.run(
        "(() => { const box = document.getElementById('query'); box.value = 'ship country';"
        " box.dispatchEvent(new Event('input')); })()"
    )
    browser.wait("document.querySelectorAll('#results a').length === 1")
    assert browser.run("document.getElementById('found').textContent") == "1 found"
    press(browser, "ArrowDown")
    assert browser.run("document.activeElement.getAttribute('href')").endswith(
        "events/order_placed/index.html#field-ship_to.country"
    )
    press(browser, "Escape")
    assert browser.run("document.getElementById('results').hidden") is True
    assert browser.run("document.getElementById('all').hidden") is False
    assert browser.complaints == []


def press(browser: Page, key: str) -> None:
    browser.run(
        "document.activeElement.dispatchEvent("
        f"new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
    )
