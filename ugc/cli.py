"""The ``ugc`` command: groups of subcommands, and one place that turns errors into exit codes.

Exit codes: those of :mod:`ugc.exits`, with one line on standard error that says why; 130
interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from contracts.project import PROJECT_VARIABLE
from ugc.errors import expected_errors
from ugc.exits import MISCONFIGURED, exit_code
from ugc.extras import way_out
from ugc.terminal import say, say_wrong

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "api": ("ugc.api.command", "Serve the HTTP API."),
    "asyncapi": ("ugc.registry.asyncapi", "Print the AsyncAPI document of the topic."),
    "auth": ("ugc.local.auth.command", "The auth_service stand-in of the local stack."),
    "catalog": ("ugc.catalog.command", "Make a website of the contracts."),
    "check": ("ugc.check.command", "Check a change of contracts and all that belongs to it."),
    "clickhouse": ("ugc.local.clickhouse.command", "The embedded ClickHouse of the local stack."),
    "contracts": (
        "ugc.contracts.command",
        "Create, check, import and inspect the event contracts.",
    ),
    "demo": ("ugc.demo.command", "Show the whole path once, on a stack of its own."),
    "etl": ("ugc.etl.command", "Load events from Kafka into ClickHouse."),
    "export": (
        "ugc.exporting.command",
        "Print the contracts as ODCS, dbt sources, Markdown or JSON Schema.",
    ),
    "init": ("ugc.init.command", "Create topics, subjects and tables where they are missing."),
    "mcp": ("ugc.agents.command", "Serve contracts, checks and figures to agents."),
    "new": ("ugc.new.command", "Make a project of one's own: a repository that works at once."),
    "probe": ("ugc.probe", "Check that a URL answers, for container health checks."),
    "quality": ("ugc.quality.command", "Compare what was loaded with the contracts' objectives."),
    "registry": ("ugc.registry.command", "Update a Schema Registry; serve one."),
    "rejected": ("ugc.rejected.command", "Show what the API rejects, and who sent it."),
    "schema": ("ugc.schema.command", "Show, migrate and document the tables in ClickHouse."),
    "sdk": ("ugc.sdk.command", "Make the packages that front ends and servers send events with."),
    "sql": ("ugc.schema.sql", "Run a query in ClickHouse."),
    "tail": ("ugc.tail.command", "Print events as the API answers them, and why it rejects one."),
    "traffic": ("ugc.traffic.command", "Send realistic visitor sessions to the API."),
    "up": ("ugc.local.command", "Run the whole local stack until Ctrl-C."),
}
"""Name → module that defines ``command``, and the line shown in the overview.

The modules are imported when they are used: some of them bring a database engine along.
"""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found = importlib.import_module(_COMMANDS[cmd_name][0]).command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ugc-events")
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The ugc.toml to use, or its folder.  [default: UGC_PROJECT, else the nearest one upwards"
    " from here]",
)
def ugc(project: Path | None) -> None:
    """Contract-first event tracking: from one JSON Schema per event to a typed table.

    Names of topics, tables and subjects, and the contracts, are those of the project file
    ugc.toml around this folder; `ugc new` makes a project. Environment variables override it.

    The parts are found through KAFKA_BOOTSTRAP_SERVERS, SCHEMA_REGISTRY_URL, REDIS_URL,
    CLICKHOUSE_URL and AUTH_SERVICE_URL; where one is not set, through the local stack that
    `ugc up` runs in this folder.
    """
    if project is not None:
        # Also for the processes that a command starts, wherever they run.
        os.environ[PROJECT_VARIABLE] = str(project.resolve())


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line, by default that of the process, and exits."""
    try:
        sys.exit(ugc.main(arguments, standalone_mode=False))
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        say_wrong(error)
        sys.exit(error.exit_code)
    except ImportError as error:
        command = next((each for each in arguments or sys.argv[1:] if each in _COMMANDS), "")
        told = way_out(error.name, command)
        if told is None:
            raise
        say(f"ugc: {told}", err=True)
        sys.exit(MISCONFIGURED)
    except expected_errors() as error:
        say(f"ugc: {error}", err=True)
        sys.exit(exit_code(error))
