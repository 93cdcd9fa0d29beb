"""What every test run needs."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from tests.faults.recording import pytest_runtest_logreport
from tests.support.golden import FIXTURE, Golden

__all__ = ["pytest_runtest_logreport"]


def pytest_configure() -> None:
    """Lets no Hypothesis example be timed, and SIGINT reach the programs that tests start.

    A shell starts background jobs with SIGINT ignored, and children inherit that.
    """
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what ``make generate`` runs, before ``-m`` chooses."""
    for item in items:
        if FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker("generated")


@pytest.fixture(scope="session")
def golden() -> Golden:
    """Files that are generated and committed."""
    return Golden.from_env()
