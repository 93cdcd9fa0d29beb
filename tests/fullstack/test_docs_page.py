"""The documentation as a front-end developer meets it: Swagger UI in a real browser, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fullstack.chromium import Page, chromium
from tests.support.stack import NO_SCHEDULE, free_ports
from ugc.local.stack import PartName, Stack, StackConfig

pytestmark = [pytest.mark.full, pytest.mark.stack]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack.start(
        StackConfig(state_dir=folder, ports=free_ports(), parts=NO_SCHEDULE, alone=True)
    ) as stack:
        yield stack.urls[PartName.API]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


def test_swagger_ui_shows_every_event(api: str, browser: Page) -> None:
    browser.open(f"{api}/docs")
    browser.wait("document.querySelectorAll('.opblock').length >= 8")
    page = browser.run("document.body.innerText")
    # Swagger UI puts an invisible space before each slash, where a line may break.
    assert "/api/v1/events" in page.replace("\u200b", "")
    for event in ("element_click", "page_view_start", "quality_change", "search_filter"):
        assert event in page
    assert "Failed to load" not in page


def test_the_documentation_sends_an_event(api: str, browser: Page, tmp_path: Path) -> None:
    """Swagger UI under its policy, without a complaint in the console."""
    browser.open(f"{api}/docs")
    operation = "document.querySelector('#operations-events-postEvent')"
    browser.wait(f"{operation} !== null")
    browser.run(f"{operation}.querySelector('.opblock-summary-control').click()")
    browser.wait(f"{operation}.querySelector('button.execute') !== null")
    # The button does nothing before the example has become the body.
    browser.wait(f"({operation}.querySelector('textarea')?.value ?? '').includes('element_click')")
    browser.run(f"{operation}.querySelector('button.execute').click()")
    answer = f"{operation}.querySelector('.live-responses-table')"
    browser.wait(f"{answer} !== null")
    shown = browser.run(f"{answer}.innerText")
    assert "202" in shown
    assert '"event": "element_click"' in shown
    browser.run(f"{answer}.scrollIntoView()")
    browser.screenshot(tmp_path / "docs.png")
    assert browser.complaints == []


def test_the_page_of_reasons_is_shown_as_it_should_be(api: str, browser: Page) -> None:
    browser.open(f"{api}/docs/reasons#body_empty")
    assert browser.run("getComputedStyle(document.body).maxWidth") != "none"
    assert browser.complaints == []


SCREENS = {"desktop": (1200, 1600, False), "telephone": (390, 844, True)}


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("path", ["/", "/docs", "/docs/reasons"])
def test_a_page_fits_the_screen_and_the_hour(
    api: str, browser: Page, path: str, screen: str, colors: str, tmp_path: Path
) -> None:
    width, height, is_mobile = SCREENS[screen]
    browser.show_as(width=width, height=height, is_mobile=is_mobile, colors=colors)
    browser.open(f"{api}{path}")
    if path == "/docs":
        browser.wait("document.querySelectorAll('.opblock').length >= 8")
    browser.screenshot(tmp_path / f"{path.strip('/').replace('/', '-')}.png")
    # Without a viewport of its own a telephone lays a page out 980 pixels wide.
    assert browser.run("document.documentElement.clientWidth") <= width
    assert browser.run("document.documentElement.scrollWidth") <= width
    shade = (
        "Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3))"
    )
    if colors == "dark":
        assert browser.run(shade) < 64
    assert browser.complaints == []


def test_the_policy_is_in_force(api: str, browser: Page) -> None:
    """So that a page without complaints tells something."""
    browser.open(f"{api}/docs")
    browser.run(
        """(() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.head.append(script);
          const style = document.createElement("style");
          style.textContent = "body { display: none }";
          document.head.append(style);
        })()"""
    )
    assert browser.run("window.ran === undefined") is True
    browser.wait("getComputedStyle(document.body).display !== 'none'")
    violations = [each for each in browser.complaints if "Content Security Policy" in each]
    assert len(violations) == 2
