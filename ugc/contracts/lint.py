"""``ugc contracts lint``: every finding at once, for people, programs and pull requests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from contracts.lint import RULES, Finding, Severity
from contracts.visible import counted
from ugc.contracts.judging import findings_in
from ugc.environment import own_environment
from ugc.exits import PLAIN_EPILOG
from ugc.github import annotation
from ugc.markdown import cell
from ugc.project.folder import judged_folder_option
from ugc.terminal import say

Findings = Sequence[Finding]


@click.command(name="lint", epilog=PLAIN_EPILOG)
@judged_folder_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "github"]),
    default="text",
    show_default=True,
    help="github: annotations beside the lines of a pull request.",
)
def lint(folder: Path, form: str) -> None:
    """Check every contract and example file against the rules in docs/lint.md.

    Tells all findings at once, with file and line; exits with 1 when one of them is an error.
    Rules of your own are asked too: those of installed packages (entry points of the group
    ugc_events.lint), and of the Python files that CONTRACTS_RULES, or
    rules in ugc.toml, names, separated by commas.

    \b
    Examples:
      ugc contracts lint
      CONTRACTS_RULES=rules.py ugc contracts lint
      ugc contracts lint --format github
      ugc contracts lint --format markdown >> "$GITHUB_STEP_SUMMARY"
    """
    findings = findings_in(folder, own_environment())
    say(RENDER[form](findings), nl=False)
    sys.exit(1 if any(finding.severity is Severity.ERROR for finding in findings) else 0)


def shown_path(path: Path) -> str:
    """Below the current folder relative to it, as pull requests need it; else as it is."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def totals(findings: Findings) -> str:
    """How many errors and warnings, in words."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = len(findings) - errors
    return f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"


def render_text(findings: Findings) -> str:
    """One line for each: ``file:line: severity code pointer: message``."""
    lines = [
        f"{shown_path(f.path)}:{f.line}: {f.severity} {f.code} {f.pointer or '/'}: {f.message}"
        for f in findings
    ]
    return "\n".join([*lines, totals(findings)]) + "\n"


def render_json(findings: Findings) -> str:
    """``{"findings": [{path, line, pointer, code, severity, message}]}``."""
    return (
        json.dumps(
            {
                "findings": [
                    {
                        "path": shown_path(f.path),
                        "line": f.line,
                        "pointer": f.pointer,
                        "code": f.code,
                        "severity": f.severity,
                        "message": f.message,
                    }
                    for f in findings
                ]
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def render_markdown(findings: Findings) -> str:
    """A table for a pull-request comment."""
    head = f"### Contract lint: {totals(findings)}\n"
    if not findings:
        return head
    rows = [
        f"| `{shown_path(f.path)}:{f.line}` | {f.severity} | `{f.code}`"
        f" | `{cell(f.pointer or '/')}` | {cell(f.message)} |"
        for f in findings
    ]
    table = ["| where | severity | rule | pointer | what to do |", "|---|---|---|---|---|", *rows]
    return head + "\n" + "\n".join(table) + "\n"


def render_github(findings: Findings) -> str:
    """Annotations beside the lines of a pull request."""
    return "\n".join([*map(_annotation, findings), totals(findings)]) + "\n"


def _annotation(found: Finding) -> str:
    return annotation(
        found.severity,
        f"{found.pointer or '/'}: {found.message}",
        {"file": shown_path(found.path), "line": found.line, "title": found.code},
    )


RENDER: Mapping[str, Callable[[Findings], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "github": render_github,
}
"""Name of a format → what writes it."""


def rules_markdown() -> str:
    """The page of all rules, ``docs/lint.md``."""
    rows = [
        f"| `{code}` | {rule.severity} | {cell(rule.demand)} | {cell(rule.reason)} |"
        for code, rule in RULES.items()
    ]
    return _PAGE + "\n".join(rows) + "\n"


_PAGE = """\
# Lint rules

`ugc contracts lint` checks every contract and example file against these rules and tells all
findings at once. An error makes it exit with 1; a warning is advice. A code never changes its
meaning. This page is generated from `contracts/lint/rules.py`.

Rules of your own are asked beside them: see [contract-language.md](contract-language.md).

| code | severity | what has to hold | why |
|---|---|---|---|
"""
