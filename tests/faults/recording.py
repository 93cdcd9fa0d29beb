"""Notes that tests of other folders passed which show lines of the matrix."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.faults.evidence import Finding, keep
from tests.faults.matrix import MATRIX

_LINES: dict[str, list[str]] = defaultdict(list)
for _line in MATRIX:
    for _test in _line.shown_by:
        _LINES[_test].append(_line.name)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A hook of pytest."""
    if report.when == "call" and report.passed:
        test = report.nodeid.partition("[")[0]
        for fault in _LINES.get(test, []):
            keep(Finding(fault=fault, test=test))
