"""A verdict as GitLab's report of code quality, which a merge request shows. Pure.

The form is Code Climate's, as GitLab reads it: https://docs.gitlab.com/ci/testing/code_quality/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ugc.check.entries import Entry, Level, Verdict
from ugc.check.sarif import fingerprint

_SEVERITIES: Mapping[Level, str] = {
    Level.ERROR: "blocker",
    Level.WARNING: "minor",
    Level.NOTE: "info",
}


def code_quality(verdict: Verdict, told: Callable[[Entry], str]) -> list[dict[str, Any]]:
    """One object for each entry.

    Args:
        verdict: what was found.
        told: an entry as a text.
    """
    return [
        {
            "description": told(entry),
            "check_name": f"{entry.part}/{entry.code}",
            "fingerprint": fingerprint(entry),
            "severity": _SEVERITIES[entry.level],
            "location": {"path": entry.path, "lines": {"begin": entry.line}},
        }
        for entry in verdict.entries
    ]
