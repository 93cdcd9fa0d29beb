"""Where the processor's time goes, of the product as a user starts it.

::

    python -m bench.profile api|batch|loader [--seconds 8] [--write before|after]

``api`` is single events over 64 connections, ``batch`` batches of 500 over 4, ``loader`` a run over
a mixed backlog.  Sampling takes a share of the time itself, which is told.  ``--write`` puts the
table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.harness import api, loader, machine
from bench.harness.cases import API_CASES, LOADER_CASES
from bench.harness.stack import parts
from bench.harness.table import between, markdown

_ROOT = Path(__file__).parents[1]
_PAGE = _ROOT / "docs" / "performance.md"
_TOP = 14
_BACKLOG_MESSAGES = 100_000
_CASES = {"api": "api/single-64", "batch": "api/batch-4", "loader": "loader/mixed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Seconds of Python functions, alone and with all that they called; and of the sampling."""

    alone: Mapping[str, float]
    below: Mapping[str, float]
    sampling: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", choices=sorted(_CASES))
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--write", choices=("before", "after"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        samples = Path(name) / "samples"
        samples.mkdir()
        os.environ["BENCH_PROFILE"] = str(samples)
        path = [str(_ROOT / "bench" / "site"), str(_ROOT), os.environ.get("PYTHONPATH", "")]
        is_loader = options.path == "loader"
        rate = _loader(Path(name), path) if is_loader else _api(name, options, path)
        text = rendered(collected(samples), rate)
    print(text)
    if options.write:
        marker = f"profile-{options.path}-{options.write}"
        _PAGE.write_text(between(_PAGE.read_text("utf-8"), marker, text), "utf-8")


def _api(name: str, options: argparse.Namespace, path: list[str]) -> str:
    case = next(each for each in API_CASES if each.name == _CASES[options.path])
    with parts(Path(name)) as running:
        os.environ["PYTHONPATH"] = ":".join(filter(None, path))
        with api.api_server(running, "ours") as server:
            del os.environ["PYTHONPATH"]
            found = api.measure(server, replace(case, against=()), options.seconds)
    return f"{found.sample['events_per_s']:,.0f} events/s, {found.sample['cpu_us']:.0f} µs each"


def _loader(folder: Path, path: list[str]) -> str:
    case = next(each for each in LOADER_CASES if each.name == _CASES["loader"])
    with parts(folder) as running, loader.warehouse(running, (case,)) as store:
        topics = loader.backlogs(running, (case,), _BACKLOG_MESSAGES)
        os.environ["PYTHONPATH"] = ":".join(filter(None, path))
        found = loader.measure(running, store, case, topics["mixed"], _BACKLOG_MESSAGES)
    return f"{found.sample['events_per_s']:,.0f} messages/s, {found.sample['cpu_us']:.0f} µs each"


def collected(folder: Path) -> Profile:
    """What all processes wrote, together."""
    alone: Counter[str] = Counter()
    below: Counter[str] = Counter()
    sampling = 0.0
    for file in folder.glob("*.json"):
        found = json.loads(file.read_text())
        alone.update(found["alone"])
        below.update(found["below"])
        sampling += found["sampling"]
    return Profile(alone=alone, below=below, sampling=sampling)


def rendered(profile: Profile, rate: str) -> str:
    """The top functions, by what they took alone and with all below them, as shares."""
    whole = sum(profile.alone.values()) or 1.0
    tops = [
        sorted(found.items(), key=lambda each: -each[1])[:_TOP]
        for found in (profile.alone, _ours(profile.below))
    ]
    rows = [
        [f"{left[1] / whole:.1%}", f"`{left[0]}`", f"{right[1] / whole:.1%}", f"`{right[0]}`"]
        for left, right in zip(*tops, strict=False)
    ]
    commit = machine.commit()
    taken = profile.sampling / (whole + profile.sampling)
    note = (
        f"Commit `{commit}`; with the sampling, which took {taken:.0%} of Python's time: {rate}. "
        "Shares of the processor time of Python's threads."
    )
    return f"{note}\n\n" + markdown(["alone", "function", "with calls", "of the product"], rows)


def _ours(below: Mapping[str, float]) -> Mapping[str, float]:
    packages = ("api/", "etl/", "registry/", "contracts/", "ch_schema/")
    return {name: share for name, share in below.items() if name.startswith(packages)}


if __name__ == "__main__":
    sys.exit(main())
