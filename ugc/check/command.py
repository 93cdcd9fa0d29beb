"""``ugc check``: may this change of contracts be merged, with everything that belongs to it?"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ugc.check.render import FORMATS
from ugc.compatibility.sources import default_reference, is_folder, require_same_repository
from ugc.errors import CommandLineError, MisconfiguredError
from ugc.exits import CHECK_EPILOG
from ugc.options import URL, Parsed
from ugc.project.folder import judged_folder_option
from ugc.terminal import say

if TYPE_CHECKING:
    from ugc.check.entries import Verdict


class ReportTextError(CommandLineError):
    """A text is no FORMAT=FILE with a format that is known."""


def _report(text: str) -> tuple[str, Path]:
    form, equals, path = text.partition("=")
    if not equals or not path or form not in FORMATS:
        raise ReportTextError(
            f"--write takes FORMAT=FILE, the format one of {', '.join(FORMATS)}; not {text!r}"
        )
    return form, Path(path)


@click.command(epilog=CHECK_EPILOG)
@judged_folder_option
@click.option(
    "--against",
    metavar="REF",
    help="Git reference to compare with, or a folder of contracts (/…, ./… or ../…)."
    "  [default: the branch that the pull request is for, else the server's default branch, else"
    " main or master]",
)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How the verdict is printed.",
)
@click.option(
    "--write",
    "reports",
    metavar="FORMAT=FILE",
    type=Parsed("report", _report),
    multiple=True,
    help="Also write it to a file, in any of those formats.",
)
@click.option("--registry", type=URL, metavar="URL", help="Also ask this live Schema Registry.")
@click.option(
    "--fix",
    is_flag=True,
    help="First put right what can be: an edited version becomes the next one; lock; generated"
    " files.",
)
@click.option("--summary", is_flag=True, help="In a job on GitHub: add it to the job's summary.")
@click.option(
    "--comment", is_flag=True, help="In a job on GitHub: keep one comment on the pull request."
)
def command(
    folder: Path,
    against: str | None,
    fmt: str,
    reports: tuple[tuple[str, Path], ...],
    registry: str | None,
    fix: bool,
    summary: bool,
    comment: bool,
) -> None:
    """Lint, the verdict on the change, the lock and generated files: one answer.

    REF counts as it was when this branch left it. Generated files are looked for beside the
    contract folder: .github/CODEOWNERS, deploy/alerts.yml, docs/asyncapi.json,
    docs/data-dictionary.md; those that are not there are not missed.

    \b
    Examples:
      ugc check
      ugc check --fix
      ugc check --against origin/master --format github --write sarif=contracts.sarif
      ugc check --write codequality=gl-code-quality-report.json
    """
    from contracts.errors import ContractError
    from ugc.check.fix import NotFixedError
    from ugc.check.fix import fix as put_right
    from ugc.check.gather import Asked, verdict

    is_found = click.get_current_context().get_parameter_source("folder") is ParameterSource.DEFAULT
    if is_found and not (against and is_folder(against)):
        require_same_repository(Path.cwd(), folder)
    asked = Asked(
        folder=folder,
        against=against or default_reference(folder, os.environ),
        env=os.environ,
        registry_url=registry,
        today=dt.datetime.now(dt.UTC).date(),
    )
    if fix:
        try:
            put_right(asked, lambda line: say(line, err=True))
        except (ContractError, NotFixedError) as error:  # the verdict tells what is left
            say(f"not put right: {error}", err=True)
    found = verdict(asked)
    say(FORMATS[fmt](found), nl=False)
    for form, path in reports:
        _write(path, FORMATS[form](found))
    if summary:
        from ugc.check.pull_request import add_to_summary

        add_to_summary(os.environ, _visible_markdown(found))
    if comment:
        _keep_comment(os.environ, found, folder)
    if not found.is_ok:
        raise click.exceptions.Exit(1)


def _write(path: Path, text: str) -> None:
    from contracts.visible import visible

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(visible(text), encoding="utf-8")
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be written: {error.strerror}") from error


def _visible_markdown(found: Verdict) -> str:
    from contracts.visible import visible

    return visible(FORMATS["markdown"](found))


def _keep_comment(env: Mapping[str, str], found: Verdict, folder: Path) -> None:
    """Says what became of the comment; the verdict does not depend on it."""
    from ugc.check.pull_request import CommentError, ForbiddenError, PullRequest, keep_comment
    from ugc.contracts.lint import shown_path
    from ugc.github import annotation

    where = PullRequest.from_env(env)
    if where is None:
        say("comment: this job runs on no pull request", err=True)
        return
    something = bool(found.errors or found.report.events)  # advice alone is old news
    try:
        address = keep_comment(
            where, shown_path(folder), _visible_markdown(found), create=something
        )
    except ForbiddenError as error:
        text = (
            "No comment was written: this job's token may not. A pull request from a fork gets"
            " one that only reads; otherwise the job needs permissions: pull-requests: write."
            f" The verdict is in the job's summary. ({error})"
        )
        say(annotation("notice", text, {"title": "ugc check"}))
    except CommentError as error:
        say(annotation("warning", f"No comment was written: {error}", {"title": "ugc check"}))
    else:
        say(f"comment: {address or 'none is needed'}", err=True)
