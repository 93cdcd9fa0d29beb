"""How long lint takes for many contracts, beside just loading the same files as JSON.

::

    python bench/lint.py [--contracts 500]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from contracts.lint import lint_folder
from contracts.model.loader import default_folder, load_catalog
from ugc.project.reserved import reserved_columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=500)
    count: int = parser.parse_args().contracts
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_contracts(folder, count)
        paths = sorted(folder.rglob("*.json"))
        reserved = reserved_columns()
        loading = seconds(lambda: [json.loads(p.read_text(encoding="utf-8")) for p in paths])
        linting = seconds(lambda: check(folder, reserved))
    print(f"contracts            {count}, in {len(paths)} files with their examples")
    print(f"json.loads of all    {loading:.3f} s (baseline)")
    print(f"ugc contracts lint   {linting:.3f} s, {linting / loading:.1f} times the baseline")


def write_contracts(folder: Path, count: int) -> None:
    """Events like the project's own, each with the examples of the one it is a copy of."""
    source = default_folder()
    clients = [c for c in load_catalog().newest if c.pairing is None]
    copies = [(clients[i % len(clients)].event, f"event_{i}") for i in range(count)]
    for path in sorted((source / "envelopes").rglob("*.json")):
        copy(path, folder / path.relative_to(source))
    for event, name in copies:
        copy(source / "events" / event / "v1.json", folder / "events" / name / "v1.json")
        for path in sorted((source / "examples" / event).rglob("*.json")):
            copy(path, folder / "examples" / name / path.relative_to(source / "examples" / event))


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def check(folder: Path, reserved: frozenset[str]) -> None:
    findings = lint_folder(folder, reserved)
    if findings:
        raise SystemExit(f"the contracts should be clean: {findings[0]}")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
