"""Kits for the fault tests, and what they leave behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults import evidence
from tests.faults.evidence import Finding
from tests.faults.kit import PROXIED, Kit, KitConfig, kit


@dataclass
class Noted:
    """The figures of one test, which fills them in."""

    done: str = ""
    acknowledged: int | None = None
    arrived: int | None = None
    recovery_seconds: float | None = None
    _began: float = field(default=0.0, repr=False)

    def fault_ends(self) -> None:
        """The recovery begins."""
        self._began = time.monotonic()

    def recovered(self) -> None:
        self.recovery_seconds = round(time.monotonic() - self._began, 1)


@pytest.fixture
def noted(request: pytest.FixtureRequest) -> Iterator[Noted]:
    """Figures that are kept under the name of the test's line when it passes."""
    found = Noted()
    yield found
    if request.node.stash.get(_PASSED, False):
        mark = request.node.get_closest_marker("fault")
        assert mark is not None, "no line of the matrix is named"
        keep_each(mark.args, request.node.nodeid, found)


def keep_each(faults: tuple[str, ...], test: str, noted: Noted) -> None:
    for fault in faults:
        evidence.keep(
            Finding(
                fault=fault,
                test=test.partition("[")[0],
                done=noted.done,
                acknowledged=noted.acknowledged,
                arrived=noted.arrived,
                recovery_seconds=noted.recovery_seconds,
            )
        )


_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Says where the logs of a failed test's parts are."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if call.when == "call":
        item.stash[_PASSED] = report.passed
        used: dict[str, Any] = getattr(item, "funcargs", {})
        kits = [each for each in used.values() if isinstance(each, Kit)]
        kits += [k for each in used.values() if isinstance(each, StartKit) for k in each.started]
        if report.failed and kits:
            logs = evidence.keep_logs(item.name, [log for each in kits for log in each.logs()])
            report.sections.append(("logs of every part", "\n".join(map(str, logs))))
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def _proxied_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    config = KitConfig(workers=2, proxied=PROXIED)
    with kit(tmp_path_factory.mktemp("proxied"), config) as running:
        yield running


@pytest.fixture
def proxied(_proxied_kit: Kit) -> Iterator[Kit]:
    """One kit for all tests, with a proxy before every part; whole at each beginning."""
    _proxied_kit.mend()
    _proxied_kit.wait_whole()
    yield _proxied_kit
    _proxied_kit.mend()


class StartKit:
    """Starts kits of one test's own."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.started: list[Kit] = []
        self._folder = folder
        self._opened = opened

    def __call__(self, config: KitConfig) -> Kit:
        self.started.append(self._opened.enter_context(kit(self._folder, config)))
        return self.started[-1]


@pytest.fixture
def start_kit(tmp_path: Path) -> Iterator[StartKit]:
    """For one kit in a test."""
    with ExitStack() as opened:
        yield StartKit(tmp_path, opened)
