"""The documentation as a front-end developer meets it: Swagger UI in a real browser, offline."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fullstack.cache import program
from tests.support.stack import NO_SCHEDULE, free_ports
from ugc.stack import PartName, Stack, StackConfig

pytestmark = [pytest.mark.full, pytest.mark.stack]

CHROMIUM = "chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever is not on this machine cannot be found: the page has to work without it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--virtual-time-budget=10000",
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack.start(
        StackConfig(state_dir=folder, ports=free_ports(), parts=NO_SCHEDULE, alone=True)
    ) as stack:
        yield stack.urls[PartName.API]


def rendered(url: str, folder: Path) -> str:
    """The page's document after its scripts have run."""
    done = subprocess.run(
        [program(CHROMIUM), *FLAGS, f"--user-data-dir={folder}", "--dump-dom", url],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout


def test_swagger_ui_shows_every_event(api: str, tmp_path: Path) -> None:
    page = rendered(f"{api}/docs", tmp_path)
    assert "/api/v1/events" in page
    for event in ("element_click", "page_view_start", "quality_change", "search_filter"):
        assert event in page
    assert "Failed to load" not in page
