"""``ugc contracts check``: may this change of contracts be merged?"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import closing
from pathlib import Path

import click
from click.core import ParameterSource

from registry.client import ConfluentRegistry
from registry.options import RegistryOptions
from registry.subjects import subject_names
from registry.topics import TopicNames
from ugc.compatibility.judge import judge
from ugc.compatibility.live import with_registry
from ugc.compatibility.render import FORMATS
from ugc.compatibility.sources import (
    default_reference,
    from_folder,
    from_reference,
    is_folder,
    require_same_repository,
)
from ugc.exits import CHECK_EPILOG
from ugc.options import URL
from ugc.project.folder import judged_folder_option
from ugc.terminal import say


@click.command(name="check", epilog=CHECK_EPILOG)
@judged_folder_option
@click.option(
    "--against",
    metavar="REF",
    help="Git reference to compare with, or a folder of contracts (/…, ./… or ../…)."
    " [default: origin/main or main]",
)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How the report is written.",
)
@click.option("--registry", type=URL, metavar="URL", help="Also ask this live Schema Registry.")
def command(folder: Path, against: str | None, fmt: str, registry: str | None) -> None:
    """Say what a change of contracts does to HTTP clients, Avro readers and tables.

    REF counts as it was when this branch left it. Exits with 1 when a change is breaking, or when
    no rule names it.

    \b
    Examples:
      ugc contracts check
      ugc contracts check --against origin/main --format markdown >> "$GITHUB_STEP_SUMMARY"
      ugc contracts check --registry https://registry.example.org
    """
    is_found = click.get_current_context().get_parameter_source("folder") is ParameterSource.DEFAULT
    if is_found and not (against and is_folder(against)):
        require_same_repository(Path.cwd(), folder)
    head = from_folder(folder)
    base = from_reference(against or default_reference(folder), folder)
    report = judge(base, head, dt.datetime.now(dt.UTC).date())
    if registry:
        options = RegistryOptions.from_env(os.environ)
        subject_of = subject_names(options.strategy, TopicNames.from_env(os.environ).events)
        with closing(ConfluentRegistry(registry, options)) as client:
            report = with_registry(report, base, head, client, subject_of)
    say(FORMATS[fmt](report), nl=False)
    if not report.is_ok:
        raise click.exceptions.Exit(1)
