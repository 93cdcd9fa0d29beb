"""The reports of runs on their way to ClickHouse, also of runs that are killed.

Before a run commits a chunk it leaves in the ledger what it reports before and after that commit.
When it ends, its row is stored and the draft is dropped. Whoever is assigned a partition of a run
that left a draft knows from the committed offsets which of the two is true, and stores the row for
it. So the ranges of offsets in ``etl_runs`` join without gap or overlap, whatever was killed.

(Should a run live and only have lost its partitions, its own row replaces that one.)
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

from contracts.naming import DATABASE
from etl.run.runs_table import NAME, NAMES, RunRow
from etl.sequence.ledger import Ledger
from etl.source import Spans

INTERRUPTED = "interrupted"


class RunsTable(Protocol):
    """What of :class:`ch_schema.client.protocol.ClickHouse` the journal uses."""

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None: ...


class Journal:
    """The reports of one run."""

    def __init__(
        self, ledger: Ledger, tables: RunsTable, run_id: uuid.UUID, database: str = DATABASE
    ) -> None:
        """``database``: where the project's tables are."""
        self._ledger = ledger
        self._table = f"{database}.{NAME}"
        self._tables = tables
        self._run_id = run_id
        self._version = 0
        self._before: Mapping[str, Any] | None = None

    def adopt(self, committed: Mapping[int, int]) -> None:
        """Stores the rows of other runs that left a draft about partitions which are ours now.

        Args:
            committed: the group's offset of each partition that this run has; -1 for none.

        Raises:
            StoreUnavailableError, ClickHouseError: some may be stored; it can be done again.
        """
        for run_id, text in self._ledger.kept_reports().items():
            kept = orjson.loads(text)
            stops = {int(partition): stop for partition, stop in kept["stops"].items()}
            ours = stops.keys() & committed.keys()
            if run_id == str(self._run_id) or not ours:
                continue
            was_committed = all(committed[partition] >= stops[partition] for partition in ours)
            report = kept["after"] if was_committed else kept["before"]
            if report is not None:
                self._insert(
                    RunRow(
                        run_id=uuid.UUID(run_id),
                        version=kept["version"],
                        outcome=INTERRUPTED,
                        report=report,
                    )
                )
            self._ledger.drop_report(run_id)

    def intend(self, spans: Spans, after: Mapping[str, Any]) -> None:
        """Leaves the report as it is when the commit of these spans succeeds."""
        self._version += 1
        draft = {
            "version": self._version,
            "stops": {str(partition): span.stop for partition, span in spans.items()},
            "before": self._before,
            "after": after,
        }
        self._ledger.keep_report(str(self._run_id), orjson.dumps(draft))
        self._after = after

    def committed(self) -> None:
        """What was intended was committed."""
        self._before = self._after

    def end(self, outcome: str, report: Mapping[str, Any]) -> None:
        """Stores the run's row."""
        row = RunRow(run_id=self._run_id, version=self._version + 1, outcome=outcome, report=report)
        self._insert(row)
        self._ledger.drop_report(str(self._run_id))

    def _insert(self, row: RunRow) -> None:
        self._tables.insert(self._table, NAMES, [row.values()], deduplication_token=row.token)


def drafted_ranges(
    ledger: Ledger, committed: Mapping[int, int], topic_id: uuid.UUID | None = None
) -> Mapping[str, Sequence[tuple[int, int, int]]]:
    """Run → (partition, from, to) that it has committed, of the runs that have no row yet.

    These are under way, or were killed and nobody has their partitions yet.

    Args:
        ledger: where the drafts are.
        committed: the group's offset of each partition.
        topic_id: of the topic as it is; runs on another one that had its name are left out.

    Raises:
        StoreUnavailableError: the ledger does not answer.
    """
    kept = ledger.kept_reports()
    found = {run_id: orjson.loads(text)["after"] for run_id, text in kept.items()}
    return {
        run_id: [
            (partition, start, min(stop, committed.get(partition, start)))
            for partition, start, stop in after["ranges"]
            if committed.get(partition, start) > start
        ]
        for run_id, after in found.items()
        if is_of(after.get("topic_id"), topic_id)
    }


def is_of(run_topic_id: object, topic_id: uuid.UUID | None) -> bool:
    """Whether a run's offsets may be those of the topic as it is: not if both ids are known."""
    return None in (run_topic_id, topic_id) or str(run_topic_id) == str(topic_id)
