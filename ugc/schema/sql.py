"""``ugc sql``: ask ClickHouse a question."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ugc.environment import current_environment, require, state_dir_option
from ugc.exits import EPILOG
from ugc.terminal import say


@click.command(epilog=EPILOG)
@click.argument("query")
@click.option(
    "--format",
    "output_format",
    default="PrettyCompact",
    show_default=True,
    help="Any ClickHouse output format, such as JSONEachRow or CSVWithNames.",
)
@state_dir_option
def command(query: str, output_format: str, state_dir: Path) -> None:
    """Run QUERY against CLICKHOUSE_URL and print the answer; `-` reads it from standard input.

    Control characters in it are spelt as in JSON (\\u001b), whatever the format.

    Example: ugc sql "SELECT currency, count() FROM ugc.order_placed FINAL GROUP BY currency"
    """
    from ch_schema.client.connect import connect

    text = sys.stdin.read() if query == "-" else query
    client = connect(require(current_environment(state_dir), "CLICKHOUSE_URL"))
    try:
        say(client.query_text(text, output_format), nl=False)
    finally:
        client.close()
