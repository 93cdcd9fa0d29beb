"""``ugc schema erase``: asks, shows the progress, waits."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.layout import Layout
from ch_schema.ddl.tables import table_for
from ch_schema.migrate.erasure import Affected, Eraser
from ch_schema.migrate.mutations import Mutation
from contracts.model.loader import load_catalog
from contracts.visible import counted, visible
from ugc.terminal import PlainConsole, say


def run(
    client: ClickHouse,
    folder: Path | None,
    user_id: str,
    *,
    layout: Layout,
    dry_run: bool,
    yes: bool,
    settle_seconds: float,
) -> None:
    """Returns when nothing of the user is left, or after a dry run.

    Raises:
        ClickHouseError: see :class:`ch_schema.migrate.erasure.Eraser`.
        click.Abort: the question was answered with no.
    """
    tables = [table_for(contract) for contract in load_catalog(folder).tables]
    eraser = Eraser(client, tables, layout=layout)
    affected = eraser.affected(user_id)
    for name in eraser.strangers():
        say(f"warning: {name} has users and no contract; it is not touched", err=True)
    for each in affected:
        say(_line(each))
    if dry_run:
        say(f"{counted(sum(each.rows for each in affected), 'row')} would change; nothing was done")
        return
    if not yes:
        click.confirm("This cannot be undone. Erase?", abort=True)
    console = PlainConsole(stderr=True)
    with console.status("erasing") as status:

        def show(left: tuple[Mutation, ...]) -> None:
            parts = sum(mutation.parts_to_do for mutation in left)
            tables = ", ".join(sorted({mutation.table for mutation in left}))
            status.update(Text(visible(f"erasing: {counted(parts, 'part')} left in {tables}")))

        rows = eraser.erase(user_id, settle_seconds=settle_seconds, say=show)
    say(f"{counted(rows, 'row')} changed; nothing of this user is left in the tables")


def _line(each: Affected) -> str:
    one = each.rows == 1
    columns = ", ".join(each.columns)
    if each.deletes:
        what = "is deleted" if one else "are deleted"
    else:
        what = f"loses {columns}" if one else f"lose {columns}"
    return f"{each.table.qualified_name.replace('`', '')}: {counted(each.rows, 'row')} {what}"
