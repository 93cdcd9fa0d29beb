"""``python -m bench.harness run|check|render``; ``make bench`` and ``make bench-check``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from bench.harness import plots, results
from bench.harness.check import changes, worse
from bench.harness.results import Results
from bench.harness.run import Scope, measure
from bench.harness.stack import MissingServerError
from bench.harness.table import between, render

_ROOT = Path(__file__).parents[2]
_RESULTS = "bench/results"
_PAGE = _ROOT / "docs" / "performance.md"
_IMAGES = _ROOT / "docs" / "images"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.harness", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure, keep the results, and write the page anew")
    check = commands.add_parser("check", help="compare with the results committed last")
    check.add_argument("--result", type=Path, help="a file to judge, instead of a run of now")
    for each in (run, check):
        each.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
        each.add_argument("--only", default="", help="beginnings of case names, with commas")
        each.add_argument("--note", action="append", default=[], help="what a reader has to know")
    commands.add_parser("render", help="write the page anew from the files of results")
    options = parser.parse_args()
    if options.command == "render":
        return _render()
    scope = Scope(quick=options.quick, only=options.only, notes=tuple(options.note))
    try:
        if options.command == "run":
            print(f"kept: {results.save(measure(scope))}")
            return _render()
        return _check(results.load(options.result) if options.result else measure(scope))
    except MissingServerError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def _render() -> int:
    runs = results.all_runs()
    _PAGE.write_text(between(_PAGE.read_text("utf-8"), "bench", render(runs)), "utf-8")
    for path in [_PAGE, *plots.draw(runs[-1], _IMAGES)]:
        print(f"written: {path.relative_to(_ROOT)}")
    return 0


def _check(after: Results) -> int:
    before = _committed(after)
    compared = changes(before, after)
    if not compared:
        print("bench: no run that is committed has one of these ratios", file=sys.stderr)
        return 1
    newest = before[-1]
    remarks = "; ".join(newest.notes) or "nothing to remark"
    print(f"compared with what is committed, last {newest.file_name}: {remarks}")
    for change in compared:
        print(f"  {change}")
    found = worse(compared)
    for change in found:
        print(f"WORSE: {change}")
    print("; ".join([f"{len(found)} of {len(compared)} ratios got worse", *after.notes]))
    return 1 if found else 0


def _committed(other_than: Results) -> list[Results]:
    """Every run whose file is committed, oldest first."""
    names = [Path(line).name for line in _git("ls-tree", "--name-only", "HEAD", f"{_RESULTS}/")]
    wanted = [each for each in sorted(names) if each.endswith(".json")]
    return [
        results.parse("\n".join(_git("show", f"HEAD:{_RESULTS}/{name}")))
        for name in wanted
        if name != other_than.file_name
    ]


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True, cwd=_ROOT
    )
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
