"""All lint findings of a folder, with everything that the tool and the project add to the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.lint import Finding, lint_folder
from contracts.lint.company import load_rules
from contracts.model.shared import FOLDER
from contracts.settings import Settings
from registry.lock import lock_path, read_lock
from ugc.project.reserved import reserved_columns, reserved_events

RULE_FILES = "CONTRACTS_RULES"
"""Variable: Python files of lint rules, separated by commas."""


def findings_in(folder: Path, env: Mapping[str, str]) -> tuple[Finding, ...]:
    """What our rules and the company's say of the contracts in ``folder``.

    Raises:
        SettingError: CONTRACTS_RULES names what is no file.
        LockError: there are shared definitions, and the lock file is malformed.
    """
    return lint_folder(
        folder,
        reserved_columns(),
        reserved_events(),
        _locked_shared(folder),
        load_rules(Settings(env).files(RULE_FILES)),
    )


def _locked_shared(folder: Path) -> Mapping[str, str]:
    """Fingerprints of the shared definitions; without any, no lock file is read."""
    locked = read_lock(lock_path(folder)) if (folder / FOLDER).is_dir() else None
    return {} if locked is None else locked.shared
