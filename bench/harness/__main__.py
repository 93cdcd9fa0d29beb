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
    before = _committed_last(after)
    if before is None:
        print("bench: no results of another run are committed", file=sys.stderr)
        return 1
    print(f"compared with {before.file_name}: {'; '.join(before.notes) or 'nothing to remark'}")
    compared = changes(before, after)
    if not compared:
        print("bench: none of its ratios was measured now (see ONLY=)", file=sys.stderr)
        return 1
    for change in compared:
        print(f"  {change}")
    found = worse(before, after)
    for change in found:
        print(f"WORSE: {change}")
    print(f"{len(found)} of {len(compared)} ratios got worse")
    return 1 if found else 0


def _committed_last(other_than: Results) -> Results | None:
    command = ["git", "ls-tree", "--name-only", "HEAD", "bench/results/"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT)
    names = [Path(line).name for line in done.stdout.splitlines() if line.endswith(".json")]
    names = [name for name in sorted(names) if name != other_than.file_name]
    if not names:
        return None
    show = ["git", "show", f"HEAD:bench/results/{names[-1]}"]
    text = subprocess.run(show, check=True, capture_output=True, text=True, cwd=_ROOT).stdout
    return results.parse(text)


if __name__ == "__main__":
    sys.exit(main())
