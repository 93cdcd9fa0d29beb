"""Lint: every rule of the strict mode, over all contract files at once.

In: a folder of contract files, and the column names that a table has anyway.  Out: findings, which
are data (code, severity, file, line, JSON pointer, message).  Nothing is raised for a bad file:
the loader stops at the first one, lint tells them all.
"""

from __future__ import annotations

from contracts.lint.rules import RULES, Finding, Rule, Severity
from contracts.lint.run import lint_folder

__all__ = ["RULES", "Finding", "Rule", "Severity", "lint_folder"]
