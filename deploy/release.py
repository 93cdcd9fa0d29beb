"""What a release is called and what is said of it. Standard library only.

``python deploy/release.py check v1.2.3`` holds the tag against ``pyproject.toml``, the Helm chart
and ``CHANGELOG.md``, and prints ``version=1.2.3``. ``python deploy/release.py notes 1.2.3`` prints
the version's section of the changelog. Exit code 1, with a line for each thing that does not fit.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHART = "deploy/helm/ugc-events/Chart.yaml"
_TAG = re.compile(r"v(\d+\.\d+\.\d+)", re.ASCII)


def misfits(tag: str, root: Path = ROOT) -> list[str]:
    """A line for each file that does not say the tag's version."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return [f"the tag is {tag!r}, not v and three numbers, such as v1.2.3"]
    version = found[1]
    said = {
        "pyproject.toml": tomllib.loads(_text(root, "pyproject.toml"))["project"]["version"],
        f"{CHART}, version": _of_chart(root, "version"),
        f"{CHART}, appVersion": _of_chart(root, "appVersion"),
    }
    lines = [
        f"{where} says {what}, not {version}" for where, what in said.items() if what != version
    ]
    if not notes(version, root):
        lines.append(f"CHANGELOG.md has no section [{version}] with a text")
    return lines


def notes(version: str, root: Path = ROOT) -> str:
    """The text below ``## [version]`` in the changelog; empty where there is none."""
    heading = rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)"
    found = re.search(heading, _text(root, "CHANGELOG.md"), re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def _of_chart(root: Path, key: str) -> str:
    found = re.search(rf'^{key}: "?([^"\n]+)"?$', _text(root, CHART), re.MULTILINE)
    return found[1] if found else "nothing"


def _text(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


def _say(text: str) -> None:
    sys.stdout.write(f"{text.strip()}\n")


def main(arguments: list[str]) -> int:
    """Runs one of the two commands. Returns the exit code."""
    match arguments:
        case ["check", tag]:
            lines = misfits(tag)
            _say("\n".join(lines) if lines else f"version={tag[1:]}")
            return 1 if lines else 0
        case ["notes", version]:
            text = notes(version)
            _say(text or f"CHANGELOG.md has no section [{version}] with a text")
            return 0 if text else 1
    _say(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
