"""Prints what the demo found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.tables import table_for
from ch_schema.quoting import quote_identifier
from contracts.model.loader import Catalog
from contracts.visible import counted
from ugc.demo.totals import Check, Totals
from ugc.traffic.sender import Tally

_SAMPLE_ROWS = 3


def loader_line(report: Mapping[str, Any]) -> str:
    """One run of the loader in one line."""
    loaded = sum(counts["loaded"] for counts in report["events"].values())
    parts = [f"{report['consumed']} read", counted(loaded, "row")]
    for event, pair in report["pairs"].items():
        parts.append(
            f"{event}: {pair['paired']} paired, {pair['unpaired']} unpaired,"
            f" {pair['after']['starts_waiting']} still open"
        )
    return "; ".join(parts) + f" ({report['seconds']:.1f} s)"


def print_tables(console: Console, clickhouse: ClickHouse, catalog: Catalog) -> dict[str, int]:
    """Rows of each table, and a few of them; returns table → rows, read with FINAL.

    ``clickhouse`` looks for tables in the project's database.
    """
    rows: dict[str, int] = {}
    for contract in catalog.tables:
        table = table_for(contract)
        name = quote_identifier(table.name)
        answer = clickhouse.query(f"SELECT count() AS n FROM {name} FINAL")  # noqa: S608 - a quoted name
        rows[contract.event] = int(answer[0]["n"])
        fields = [column.name for column in table.columns if column.read is not None]
        columns = ", ".join(["timestamp", "user_id", *fields])
        console.print(f"  {contract.event}: {counted(rows[contract.event], 'row')}")
        sample = clickhouse.query_text(
            f"SELECT {columns} FROM {name} FINAL"  # noqa: S608 - names of ours
            f" ORDER BY timestamp LIMIT {_SAMPLE_ROWS}",
            "PrettyCompactMonoBlock",
        )
        console.print(sample, markup=False, highlight=False, soft_wrap=True)
    return rows


def print_refusals(console: Console, tally: Tally) -> None:
    """How many requests were refused, by reason."""
    shown = Table("reason", "requests")
    for reason, number in sorted(tally.refused.items(), key=lambda found: -found[1]):
        shown.add_row(reason, str(number))
    console.print(shown)


def print_totals(console: Console, tally: Tally, totals: Totals, checks: Sequence[Check]) -> bool:
    """Every check with its figures; returns whether all of them balance."""
    accepted, refused = sum(tally.accepted.values()), sum(tally.refused.values())
    failed = sum(tally.failed.values())
    console.print(
        f"  sent {tally.sent} = accepted {accepted} + refused {refused} + failed {failed}"
    )
    for event, pair in totals.pairs.items():
        console.print(
            f"  {event}: {pair['paired']} paired, {pair['unpaired']} unpaired,"
            f" {totals.waiting[event]} still open"
        )
    shown = Table("event", "accepted side", "", "loaded side", "", "")
    for check in checks:
        shown.add_row(
            check.event,
            check.left_counts,
            str(check.left),
            check.right_counts,
            str(check.right),
            "=" if check.balanced else Text("differs", style="red"),
        )
    console.print(shown)
    latency = sorted(tally.latencies_ms)
    console.print(
        f"  answers took {latency[len(latency) // 2]:.1f} ms in the median,"
        f" {latency[int(len(latency) * 0.99)]:.1f} ms at the 99th percentile"
    )
    balanced = (
        all(check.balanced for check in checks)
        and totals.runs_reconciled
        and tally.sent == accepted + refused
    )
    console.print("  the totals reconcile" if balanced else "  the totals do not reconcile")
    return balanced
