"""``ugc schema``: the tables of ClickHouse, from the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contracts.visible import counted
from ugc.environment import current_environment, require, state_dir_option
from ugc.exits import EPILOG, PLAIN_EPILOG
from ugc.options import Seconds
from ugc.project.folder import folder_option, judged_folder_option
from ugc.terminal import say

if TYPE_CHECKING:
    from ch_schema.client.protocol import ClickHouse
    from ch_schema.ddl.layout import Layout
    from ch_schema.migrate.diff import Effect


@click.group()
def command() -> None:
    """Show, migrate and document the tables in ClickHouse; erase a user."""


@contextmanager
def _clickhouse(state_dir: Path) -> Iterator[tuple[ClickHouse, Layout]]:
    from ch_schema.client.connect import connect
    from ugc.project.tables import layout

    env = current_environment(state_dir)
    client = connect(require(env, "CLICKHOUSE_URL"))
    try:
        yield client, layout(env)
    finally:
        client.close()


@command.command(epilog=PLAIN_EPILOG)
@click.argument("event", metavar="[EVENT[@N]]", required=False)
@click.option("--cluster", metavar="NAME", help="Write ON CLUSTER, and Distributed tables.")
@click.option("--replicated", is_flag=True, help="Use engines that keep replicas.")
@folder_option
def ddl(event: str | None, cluster: str | None, replicated: bool, folder: Path) -> None:
    """Print the statements that make an empty database, or one event's table and view.

    \b
    Examples:
      ugc schema ddl order_placed
      ugc schema ddl --cluster main --replicated
    """
    from ugc.schema.ddl import document

    say(document(folder, event, cluster=cluster, replicated=replicated), nl=False)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@judged_folder_option
@state_dir_option
def plan(as_json: bool, folder: Path, state_dir: Path) -> None:
    """Compare the contracts with the live database: every step, and its effect on stored rows.

    Changes nothing. Exit codes: 0 nothing to do; 3 additive steps only; 4 a step needs a flag of
    `ugc schema apply`; 5 a step that no statement can take, or a contract that was edited after
    it was applied; 1 it failed; 2 the command line is wrong; 75 ClickHouse does not answer, so try
    again; 78 a setting is wrong.
    """
    from ugc.project.tables import migrator
    from ugc.schema.show import as_json_document, exit_code, in_words

    with _clickhouse(state_dir) as (client, layout):
        found = migrator(client, folder, layout).plan()
    if as_json:
        say(json.dumps(as_json_document(found), indent=2))
    else:
        for line in in_words(found):
            say(line)
    raise click.exceptions.Exit(exit_code(found))


@command.command(epilog=EPILOG)
@click.option("--allow-rewrite", is_flag=True, help="Also write whole columns anew.")
@click.option("--allow-erase", is_flag=True, help="Also shorten how long rows or values are kept.")
@click.option(
    "--accept-edited",
    is_flag=True,
    help="Take contract versions that were edited after they were applied as they are now.",
)
@click.option(
    "--dry-run-on-copy",
    is_flag=True,
    help="Take the steps on empty copies of the tables, and drop those again.",
)
@judged_folder_option
@state_dir_option
def apply(
    allow_rewrite: bool,
    allow_erase: bool,
    accept_edited: bool,
    dry_run_on_copy: bool,
    folder: Path,
    state_dir: Path,
) -> None:
    """Take the steps of `ugc schema plan`: the additive ones, others only when they are allowed.

    Each step is recorded in ugc.schema_migrations. Killing it at any moment, and running it twice
    at once, is harmless: run it again. Exit code 1 when a step may not be taken; then none is.
    """
    from ugc.project.tables import migrator
    from ugc.schema.show import task_line

    allowed = _allowed(rewrite=allow_rewrite, erase=allow_erase)
    with _clickhouse(state_dir) as (client, layout):
        runner = migrator(client, folder, layout)
        if dry_run_on_copy:
            applied = runner.dry_run(allowed)
            say(
                f"tried on empty copies: {counted(len(applied.tasks), 'step')}; nothing was changed"
            )
            return
        applied = runner.apply(
            allowed, accept_edited=accept_edited, say=lambda task: say(task_line(task))
        )
    if applied.resumed:
        say(f"done of an interrupted run: {counted(applied.resumed, 'step')}")
    say(f"{counted(len(applied.tasks), 'step')} taken")


def _allowed(*, rewrite: bool, erase: bool) -> frozenset[Effect]:
    from ch_schema.migrate.diff import Effect

    chosen = {Effect.REWRITING: rewrite, Effect.ERASING: erase}
    return frozenset(effect for effect, allowed in chosen.items() if allowed)


@command.command(epilog=EPILOG)
@click.option("--user", "user_id", required=True, metavar="ID", help="Whose events.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--settle",
    "settle_seconds",
    type=Seconds(),
    default=10.0,
    show_default=True,
    help="Seconds after which the tables are looked at again, for a loader that was inserting.",
)
@judged_folder_option
@state_dir_option
def erase(
    user_id: str, dry_run: bool, yes: bool, settle_seconds: float, folder: Path, state_dir: Path
) -> None:
    """Clear what is known of a user, in every table, and wait until it is done.

    The events stay, as those of `erased`; fields marked x-pii are emptied. A hash of the id is kept
    so that loading the same events again brings nothing back. Killing it is harmless: run it again.
    """
    from ugc.schema.erase import run

    with _clickhouse(state_dir) as (client, layout):
        run(
            client,
            folder,
            user_id,
            layout=layout,
            dry_run=dry_run,
            yes=yes,
            settle_seconds=settle_seconds,
        )


@command.command(epilog=PLAIN_EPILOG)
@folder_option
def dictionary(folder: Path) -> None:
    """Print the data dictionary (docs/data-dictionary.md)."""
    from ch_schema.ddl.dictionary import dictionary as page
    from contracts.model.loader import load_catalog
    from ugc.project.tables import INTERNAL

    say(page(load_catalog(folder), INTERNAL), nl=False)
