"""``ugc contracts roundtrip``: any JSON Schema's data through Avro and ClickHouse and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from contracts.visible import counted
from etl.schedule import stop_on_signals
from ugc.exits import PLAIN_EPILOG
from ugc.options import Seconds
from ugc.roundtrip.cases import DRAFTS, Case, cases_in
from ugc.roundtrip.isolation import Bounds, IsolatedRoundTrip, StoppedError, Work
from ugc.roundtrip.report import in_words, summary
from ugc.roundtrip.run import Outcome
from ugc.terminal import say

_LOG_EVERY_SCHEMAS = 100

_EXISTING = click.Path(exists=True, path_type=Path)


@click.command(name="roundtrip", epilog=PLAIN_EPILOG)
@click.argument("schemas", metavar="SCHEMA.json|FOLDER|CASES.jsonl", type=_EXISTING)
@click.option("--instances", type=_EXISTING, metavar="FILE.jsonl", help="One instance per line.")
@click.option(
    "--draft", type=click.Choice(list(DRAFTS)), help="That of schemas which name none in $schema."
)
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON document.")
@click.option(
    "-n",
    "count",
    type=click.IntRange(min=1),
    default=25,
    show_default=True,
    help="How many instances to generate for a schema that has none.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="For generated instances.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=Seconds(above_zero=True),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="A schema that takes longer is given up, and the run goes on.",
)
@click.option(
    "--memory",
    "memory_mib",
    type=click.IntRange(min=512),
    default=4096,
    show_default=True,
    metavar="MIB",
    help="A schema that takes more is given up, and the run goes on (Linux only).",
)
def command(
    schemas: Path,
    instances: Path | None,
    draft: str | None,
    as_json: bool,
    count: int,
    seed: int,
    timeout_seconds: float,
    memory_mib: int,
) -> None:
    """Send instances of any JSON Schema to Avro and ClickHouse and back, and compare.

    SCHEMA is a JSON Schema of any draft from 4 on, a folder of them, or lines of
    {"id": …, "schema": …, "valid": [instance, …]}. ClickHouse is the embedded engine, in a
    folder of its own. Each schema is judged in a child process, so that one that hangs or kills it
    costs its own result only. Exits with 1 when a schema failed or an instance came back different,
    and with 130, without results, when SIGTERM or Ctrl-C ended it.

    \b
    Examples:
      ugc contracts roundtrip order.json
      ugc contracts roundtrip order.json --instances orders.jsonl
      ugc contracts roundtrip corpus.jsonl --json > result.json
    """
    cases = cases_in(schemas, instances, draft)
    work = Work(schemas=schemas, instances=instances, draft=draft, count=count, seed=seed)
    bounds = Bounds(seconds=timeout_seconds, memory_bytes=memory_mib << 20)
    with (
        stop_on_signals() as stop,
        IsolatedRoundTrip(work, bounds, should_stop=stop.is_set) as round_trip,
    ):
        try:
            outcomes = _judged(cases, round_trip)
        except StoppedError as error:
            raise click.Abort from error
    if as_json:
        say(json.dumps(summary(outcomes), indent=2, ensure_ascii=True))
    else:
        for line in in_words(outcomes):
            say(line)
    sys.exit(0 if all(outcome.is_whole for outcome in outcomes) else 1)


def _judged(cases: Sequence[Case], round_trip: IsolatedRoundTrip) -> list[Outcome]:
    """Outcomes, with the progress on standard error: a bar for people, lines for a log."""
    with click.progressbar(
        cases, label="Schemas", file=sys.stderr, show_pos=True, hidden=not sys.stderr.isatty()
    ) as bar:
        return [
            _told(round_trip.outcome(number - 1, case), number, len(cases))
            for number, case in enumerate(bar, start=1)
        ]


def _told(outcome: Outcome, number: int, total: int) -> Outcome:
    if not sys.stderr.isatty() and (number % _LOG_EVERY_SCHEMAS == 0 or number == total):
        say(f"{number} of {counted(total, 'schema')}", err=True)
    return outcome
