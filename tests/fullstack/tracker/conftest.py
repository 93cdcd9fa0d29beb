"""One stack and one browser for all tests; a way to the API and an origin for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fullstack.chromium import Browser, Page, browser
from tests.fullstack.tracker.front import front_end
from tests.fullstack.tracker.gate import gate
from tests.fullstack.tracker.visit import Visit
from tests.support.stack import Running, free_ports
from ugc.local.stack import Stack, StackConfig


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The loader follows the topics.

    On a busy machine Redis may take longer than an API in production gives it, and what it did not
    say in time is stored once more.
    """
    folder = tmp_path_factory.mktemp("stack")
    env = {"DUPLICATE_TIMEOUT_SECONDS": "2"}
    with Stack.start(
        StackConfig(state_dir=folder, ports=free_ports(), alone=True, env=env)
    ) as stack:
        yield Running(stack)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture
def tab(started: Browser) -> Iterator[Page]:
    page = started.new_page()
    yield page
    page.close()


@pytest.fixture
def visit(running: Running) -> Iterator[Visit]:
    with gate(running.api) as way, front_end(way.url) as front:
        yield Visit(running, way, front)
