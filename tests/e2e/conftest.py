"""One local stack of real servers for all end-to-end tests; the loader runs when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.stack import Stack, StackConfig


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("stack")
    config = StackConfig(state_dir=folder, ports=free_ports(), parts=NO_SCHEDULE, alone=True)
    with Stack.start(config) as stack:
        yield Running(stack)
