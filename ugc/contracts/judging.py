"""All lint findings of a folder, with everything that the tool and the project add to the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.lint import Finding, lint_folder
from contracts.lint.company import load_rules
from contracts.model.context import FOLDER as CONTEXT
from contracts.model.shared import FOLDER as SHARED
from contracts.settings import Settings
from registry.lock import Lock, lock_path, read_lock
from ugc.project.reserved import reserved_columns, reserved_events

RULE_FILES = "CONTRACTS_RULES"
"""Variable: Python files of lint rules, separated by commas."""


def findings_in(folder: Path, env: Mapping[str, str]) -> tuple[Finding, ...]:
    """What our rules and the company's say of the contracts in ``folder``.

    Raises:
        SettingError: CONTRACTS_RULES names what is no file.
        LockError: there is what it holds, and the lock file is malformed.
    """
    locked = _lock(folder)
    return lint_folder(
        folder,
        reserved_columns(),
        reserved_events(),
        locked.shared,
        locked.context,
        load_rules(Settings(env).files(RULE_FILES)),
    )


def _lock(folder: Path) -> Lock:
    """The lock file; it is not read where nothing lies in the folder that lint asks it about."""
    is_asked = any((folder / inside).is_dir() for inside in (SHARED, CONTEXT))
    return (read_lock(lock_path(folder)) if is_asked else None) or Lock({})
