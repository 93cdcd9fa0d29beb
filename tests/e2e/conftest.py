"""One stack of real servers for all end-to-end tests; the loader runs when a test says so.

They run over the local stack, and in ``make test-full`` over Apache Kafka, a foreign registry and
Debian's Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import NO_SCHEDULE, Running, free_ports
from tests.support.variants import STACKS
from ugc.local.stack import StackConfig


@pytest.fixture(scope="session", params=STACKS)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("stack")
    config = StackConfig(state_dir=folder, ports=free_ports(), parts=NO_SCHEDULE)
    with request.param(config) as stack:
        yield Running(stack)
