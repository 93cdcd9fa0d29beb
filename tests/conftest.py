"""What every test run needs."""

from __future__ import annotations

import signal

from hypothesis import settings

from tests.faults.recording import pytest_runtest_logreport

__all__ = ["pytest_runtest_logreport"]


def pytest_configure() -> None:
    """Lets no Hypothesis example be timed, and SIGINT reach the programs that tests start.

    A shell starts background jobs with SIGINT ignored, and children inherit that.
    """
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    signal.signal(signal.SIGINT, signal.default_int_handler)
