"""``python -m tests.faults.table RESULTS``: the fault matrix with figures, for docs/reliability.md.

RESULTS is the file that tests wrote (see :mod:`tests.faults.evidence`).  Without it the table is
printed as the page has it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.faults.evidence import Finding, read
from tests.faults.matrix import BY_NAME, MATRIX, Line

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- fault table: made by python -m tests.faults.table -->\n"
END = "<!-- end of the fault table -->"
_HEAD = (
    "| fault | what was done | acknowledged | arrived | recovery, s | test |\n"
    "|---|---|---:|---:|---:|---|\n"
)


def render(findings: Sequence[Finding]) -> str:
    """The table; a line that no finding is about says so.

    Raises:
        KeyError: a finding is about a line that the matrix does not have.
    """
    by_line: dict[str, list[Finding]] = defaultdict(list)
    for each in findings:
        by_line[BY_NAME[each.fault].name].append(each)
    return _HEAD + "".join(row for line in MATRIX for row in _rows(line, by_line[line.name]))


def put_in(page: str, table: str) -> str:
    """The page with another table between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table}{END}{after}"


def table_of(page: str) -> str:
    """What is between the marks."""
    return page.partition(BEGIN)[2].partition(END)[0]


def _rows(line: Line, findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return [f"| {line.fault} | not tried in this run | | | | |\n"]
    measured = [each for each in findings if each.acknowledged is not None]
    return [_row(line, each) for each in measured or findings[:1]]


def _row(line: Line, found: Finding) -> str:
    file, _, _ = found.test.partition("::")
    cells = (
        line.fault,
        found.done or line.outcome,
        "asserted" if found.acknowledged is None else f"{found.acknowledged:,}",
        "asserted" if found.arrived is None else f"{found.arrived:,}",
        "" if found.recovery_seconds is None else f"{found.recovery_seconds:.1f}",
        f"`{file.removeprefix('tests/')}`",
    )
    return f"| {' | '.join(cells)} |\n"


def main(arguments: Sequence[str]) -> int:
    """Returns 0."""
    page = PAGE.read_text(encoding="utf-8")
    if arguments:
        page = put_in(page, render(read(Path(arguments[0]))))
        PAGE.write_text(page, encoding="utf-8")
    print(table_of(page), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
