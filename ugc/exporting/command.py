"""``ugc export``: the contracts as other tools have them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from contracts.model.loader import load_catalog
from ugc.errors import CommandLineError
from ugc.exits import PLAIN_EPILOG
from ugc.exporting.odcs import STANDARDS
from ugc.options import PORT
from ugc.project.folder import folder_option
from ugc.terminal import say

_Command = TypeVar("_Command", bound=Callable[..., object])


class OutputError(CommandLineError):
    """The file of ``--output`` cannot be written."""


@click.group()
def command() -> None:
    """Print the contracts in the form of another tool, or write them to a file.

    The output is the same for the same contracts, so it can be committed and compared.
    """


def _output(command: _Command) -> _Command:
    return click.option(
        "--output",
        "-o",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write to this file, whole or not at all.  [default: standard output]",
    )(command)


@command.command(epilog=PLAIN_EPILOG)
@click.option(
    "--id", "identity", default="ugc-events", show_default=True, help="The contract's id."
)
@click.option(
    "--contract-version", default="1.0.0", show_default=True, help="The contract's version."
)
@click.option(
    "--standard",
    type=click.Choice(STANDARDS),
    default=STANDARDS[0],
    show_default=True,
    help="Version of the Open Data Contract Standard.",
)
@click.option("--host", help="Host of ClickHouse. Without it the contract names no server.")
@click.option("--port", type=PORT, default=9000, show_default=True, help="Port of ClickHouse.")
@_output
@folder_option
def odcs(
    identity: str,
    contract_version: str,
    standard: str,
    host: str | None,
    port: int,
    output: Path | None,
    folder: Path,
) -> None:
    """Print an ODCS data contract of the views without duplicates, as YAML.

    \b
    Examples:
      ugc export odcs -o odcs.yaml
      ugc export odcs --host clickhouse.example.com --standard 3.2
    """
    from ugc.exporting.odcs import About, odcs_document
    from ugc.exporting.yaml import dumped

    about = About(
        identity=identity,
        version=contract_version,
        standard=standard,
        server=None if host is None else (host, port),
    )
    _give(dumped(odcs_document(load_catalog(folder), about)), output)


@command.command(epilog=PLAIN_EPILOG)
@click.option("--source", default="ugc", show_default=True, help="Name of the source in dbt.")
@_output
@folder_option
def dbt(source: str, output: Path | None, folder: Path) -> None:
    """Print dbt sources with tests and descriptions for the views without duplicates, as YAML.

    \b
    Example:
      ugc export dbt -o models/staging/ugc.yml
    """
    from ugc.exporting.dbt import dbt_document
    from ugc.exporting.yaml import dumped

    _give(dumped(dbt_document(load_catalog(folder), name=source)), output)


@command.command(epilog=PLAIN_EPILOG)
@_output
@folder_option
def markdown(output: Path | None, folder: Path) -> None:
    """Print a page for people: events, versions, owners, fields and examples.

    \b
    Example:
      ugc export markdown -o events.md
    """
    from ugc.exporting.markdown import markdown_page

    _give(markdown_page(load_catalog(folder)), output)


@command.command(epilog=PLAIN_EPILOG)
@_output
@folder_option
def jsonschema(output: Path | None, folder: Path) -> None:
    """Print one JSON Schema document (draft 2020-12) with all events, which needs no other.

    It is the schema of a request to the API. $defs has EVENT.vN, the request with one event, and
    EVENT.vN.data, its contract. Formats are meant to be asserted.

    \b
    Example:
      ugc export jsonschema -o events.schema.json
    """
    import json

    from ugc.exporting.bundle import bundle_document

    bundle = bundle_document(load_catalog(folder))
    _give(json.dumps(bundle, indent=2, ensure_ascii=False) + "\n", output)


def _give(text: str, output: Path | None) -> None:
    """
    Raises:
        OutputError: the file cannot be written.
    """
    if output is None:
        say(text, nl=False)
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=output.parent) as beside:
            made = Path(beside) / "made"
            made.write_text(text, encoding="utf-8")
            os.replace(made, output)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from error
