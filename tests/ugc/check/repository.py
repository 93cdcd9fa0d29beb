"""A repository of contracts with a branch, to break."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.model.loader import load_catalog
from registry.lock import lock_of, lock_path, lock_text
from tests.support.contract_folder import change, copy_of_contracts

Edit = Callable[[dict[str, Any]], object]


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def repository(folder: Path, base: str = "main") -> Path:
    """The contract folder of a repository whose branch ``work`` stands where ``base`` does."""
    contracts = copy_of_contracts(folder)
    git(folder, "init", "--initial-branch", base)
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "Contracts")
    git(folder, "checkout", "-b", "work")
    return contracts


def next_version(contracts: Path, event: str, edit: Edit) -> Path:
    """A second version, changed, with the examples of the first."""
    inside = contracts / "events" / event
    path = inside / "v2.json"
    path.write_bytes((inside / "v1.json").read_bytes())
    change(path, edit)
    for example in sorted((contracts / "examples" / event / "v1").rglob("*.json")):
        target = contracts / "examples" / event / "v2" / example.parent.name / example.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(example.read_bytes())
    return path


def lock(contracts: Path) -> None:
    """Writes the lock file anew."""
    text = lock_text(lock_of(load_catalog(contracts)))
    lock_path(contracts).write_text(text, encoding="utf-8")


def good(contract: dict[str, Any]) -> None:
    """An optional field more."""
    contract["properties"]["referrer"] = {
        "type": "string",
        "maxLength": 200,
        "description": "Where from.",
        "examples": ["/"],
    }


def breaking(contract: dict[str, Any]) -> None:
    """Whether the film was watched to its end becomes a number of seconds."""
    whole = {"type": "integer", "minimum": 0, "maximum": 86_400}
    contract["properties"]["duration_total"] = {
        **whole,
        "description": "How much was played, in seconds.",
        "examples": [60],
    }
    contract["examples"] = [{**contract["examples"][0], "duration_total": 60}]


def breaking_version(contracts: Path) -> Path:
    """A version that breaks all three targets by one change; its examples are right."""
    path = next_version(contracts, "video_complete", breaking)
    examples = contracts / "examples" / "video_complete" / "v2"
    for example in sorted(examples.glob("valid/*.json")):
        change(example, lambda payload: payload.update(duration_total=60))
    (examples / "invalid" / "duration_is_number.json").unlink()
    change(examples / "invalid" / "no_video.json", lambda payload: payload.pop("video_id", None))
    return path
