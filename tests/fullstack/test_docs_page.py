"""The documentation as a front-end developer meets it: Swagger UI in a real browser, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fullstack.chromium import Page, chromium
from tests.support.shop import shop_contracts
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
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a web shop."""
    folder = tmp_path_factory.mktemp("shop")
    config = StackConfig(
        state_dir=folder / "state",
        ports=free_ports(),
        parts=NO_SCHEDULE,
        alone=True,
        env={"CONTRACTS_DIR": str(shop_contracts(folder))},
    )
    with Stack.start(config) as stack:
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


def try_out(browser: Page, operation: str, example: str) -> str:
    """Executes an operation with the example that is its body; gives what is answered."""
    block = f"document.querySelector('#operations-events-{operation}')"
    browser.wait(f"{block} !== null")
    browser.run(f"{block}.querySelector('.opblock-summary-control').click()")
    browser.wait(f"{block}.querySelector('button.execute') !== null")
    # The button does nothing before the example has become the body.
    browser.wait(f"({block}.querySelector('textarea')?.value ?? '').includes('{example}')")
    browser.run(f"{block}.querySelector('button.execute').click()")
    answer = f"{block}.querySelector('.live-responses-table')"
    browser.wait(f"{answer} !== null")
    shown: str = browser.run(f"{answer}.innerText")
    browser.run(f"{answer}.scrollIntoView()")
    return shown


def test_the_documentation_sends_an_event(api: str, browser: Page, tmp_path: Path) -> None:
    """Swagger UI under its policy, without a complaint in the console."""
    browser.open(f"{api}/docs")
    shown = try_out(browser, "postEvent", "element_click")
    assert "202" in shown
    assert '"event": "element_click"' in shown
    browser.screenshot(tmp_path / "docs.png")
    assert browser.complaints == []


@pytest.mark.parametrize(
    ("operation", "status"), [("postEvent", "202"), ("postBatch", "207"), ("validateEvent", "200")]
)
def test_the_documentation_of_a_shop_sends_what_it_shows(
    shop: str, browser: Page, operation: str, status: str, tmp_path: Path
) -> None:
    browser.show_as(width=1200, height=1600, is_mobile=False, colors="light")
    browser.open(f"{shop}/docs")
    shown = try_out(browser, operation, "cart_changed")
    assert status in shown
    assert '"accepted": 0' not in shown
    assert "cart_changed" in shown
    browser.screenshot(tmp_path / f"{operation}.png")
    page = browser.run("document.body.innerText")
    assert [
        word for word in ("element_click", "movie", "trailer", "page_view") if word in page
    ] == []
    assert browser.complaints == []


def test_the_start_page_of_a_shop_lists_its_events(
    shop: str, browser: Page, tmp_path: Path
) -> None:
    browser.open(shop)
    page = browser.run("document.body.innerText")
    for event in ("cart_changed", "checkout_ended", "checkout_started", "order_placed"):
        assert event in page
    browser.screenshot(tmp_path / "start.png")
    assert "movie" not in page


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
