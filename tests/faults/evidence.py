"""What the fault tests found out, as JSON lines: one for each test that passed.

The environment variable UGC_FAULT_RESULTS names the folder of ``results.jsonl``, and of the logs
of tests that failed; without it nothing is kept.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "UGC_FAULT_RESULTS"
FILE = "results.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault as it was tried.

    ``recovery_seconds`` is from the end of the fault to the moment all is well again; None where
    the test of another folder asserts the outcome and takes no figures.
    """

    fault: str
    test: str
    done: str = ""
    acknowledged: int | None = None
    arrived: int | None = None
    recovery_seconds: float | None = None


def folder() -> Path | None:
    """Where results are kept, if they are."""
    name = os.environ.get(VARIABLE, "").strip()
    return Path(name) if name else None


def keep(finding: Finding) -> None:
    """Appends a line."""
    if (into := folder()) is not None:
        into.mkdir(parents=True, exist_ok=True)
        with (into / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(finding)) + "\n")


def read(path: Path) -> list[Finding]:
    """The lines of a file; of each test, and each thing it has done, the last one."""
    with path.open(encoding="utf-8") as lines:
        found = [Finding(**json.loads(line)) for line in lines]
    return list({(each.fault, each.test, each.done): each for each in found}.values())


def keep_logs(test: str, logs: Iterable[Path]) -> list[Path]:
    """Copies logs to where they stay; gives where they are."""
    into = folder()
    if into is None:
        return list(logs)
    target = into / "logs" / test
    target.mkdir(parents=True, exist_ok=True)
    return [
        Path(shutil.copy(log, target / "-".join(log.parts[-3:]))) for log in logs if log.exists()
    ]
