"""One event from its answer over Kafka and the loader to its row, stage by stage.

Every stage is ``{"stage": …, "state": …, "at": …, "text": …}`` and what is known beside: ``done``,
``waiting`` (for what ``text`` says), ``ended`` (it goes no further, and that is right), ``failed``
or ``unknown``.  Records tell of the answer and of the place in Kafka; the tables of the rest, if
this process may see them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from api.debug.asking import Filter, newest
from api.debug.loaded import Loaded, Row, Run
from api.debug.masking import MASKED
from api.debug.store import DebugStore
from api.errors import TablesUnavailableError
from api.model import shown_time
from contracts.model.loader import Catalog
from contracts.model.types import Contract, Pairing
from contracts.visible import counted

Stage = dict[str, Any]

_MOST_ANSWERS = 20

_NO_TABLES = "this API may not see the tables: API_CLICKHOUSE_URL is not set"


class Follower:
    """Puts together what is known of an event. Safe to share between threads."""

    def __init__(
        self,
        store: DebugStore,
        catalog: Catalog,
        loaded: Loaded | None,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        """``loaded`` asks the tables; ``None``: they may not be seen. ``now``: aware instants."""
        self._store = store
        self._catalog = catalog
        self._loaded = loaded
        self._now = now

    def followed(self, event_id: str) -> dict[str, Any]:
        """The stages of an event, its ``row`` (or null) and whether all is ``settled``.

        Raises:
            CacheUnavailableError: Redis, which has the records, does not answer.
        """
        answers = newest(self._store, Filter(event_id=event_id), _MOST_ANSWERS)[::-1]
        stages = [_answer(each) for each in answers]
        accepted = next((each for each in answers if each["outcome"] == "accepted"), None)
        row = None
        if accepted is not None:
            behind, row = self._behind(accepted)
            stages += behind
        elif answers and answers[0]["outcome"] == "rejected":
            stages.append(_stage("kafka", "ended", "a rejected event goes no further"))
        else:
            found, row = self._without_record(event_id, answers)
            stages += found
        is_settled = bool(stages) and stages[-1]["state"] in ("done", "ended", "failed")
        return {"event_id": event_id, "stages": stages, "row": row, "settled": is_settled}

    def _without_record(
        self, event_id: str, answers: list[dict[str, Any]]
    ) -> tuple[list[Stage], Mapping[str, Any] | None]:
        """A row may be there all the same: only events that are recorded are in the list."""
        stages = []
        if not answers:
            told = "no record of it: it came without a tag, too long ago, or not at all"
            stages.append(_stage("http", "unknown", told))
        if self._loaded is None:
            return [*stages, _stage("row", "unknown", _NO_TABLES)], None
        try:
            row = self._loaded.row_of_id(event_id)
        except TablesUnavailableError as error:
            return [*stages, _stage("row", "unknown", str(error))], None
        if row is None:
            return [*stages, _stage("row", "unknown", "no table has a row with this id")], None
        return [*stages, _row(row)], row.values

    def _behind(self, record: dict[str, Any]) -> tuple[list[Stage], Mapping[str, Any] | None]:
        """Where an accepted event is, behind its answer."""
        place = record["place"]
        if self._loaded is None:
            return [_kafka(place), _stage("loader", "unknown", _NO_TABLES)], None
        try:
            return self._in_tables(record, place, self._loaded)
        except TablesUnavailableError as error:
            return [_kafka(place), _stage("loader", "unknown", str(error))], None

    def _in_tables(
        self, record: dict[str, Any], place: Mapping[str, Any] | None, loaded: Loaded
    ) -> tuple[list[Stage], Mapping[str, Any] | None]:
        derived = self._pair_of(record["event"])
        if derived is not None:
            row = self._pair_row(record, derived, place, loaded)
        else:
            row = loaded.row(self._catalog.get(record["event"]), record["event_id"])
        if place is None and row is not None and derived is None:
            place = {"partition": row.partition, "offset": row.offset}
        stages, run = [_kafka(place)], None
        if place is not None:
            run = loaded.run(place["partition"], place["offset"], _accepted_at(record))
            may_be_open = derived is not None and _is_start(record, derived)
            stages.append(_loader(run, is_loaded=row is not None, may_be_open=may_be_open))
        if row is not None:
            stages.append(_row(row, derived, place if derived is None else None))
        elif derived is not None:
            stages.append(self._open_pair(record, derived))
        elif run is not None:
            stages.append(_no_row(record["event"], run))
        return stages, None if row is None else row.values

    def _pair_of(self, event: str) -> Contract | None:
        """The derived event that an event is a half of."""
        for contract in self._catalog.newest:
            pairing = contract.pairing
            if pairing is not None and event in (pairing.start, pairing.end):
                return contract
        return None

    def _pair_row(
        self,
        record: dict[str, Any],
        derived: Contract,
        place: Mapping[str, Any] | None,
        loaded: Loaded,
    ) -> Row | None:
        """The row of a pair has the start's place in Kafka, and no id that a sender knows."""
        start: dict[str, Any] | None = record
        pairing = derived.pairing
        if pairing is not None and not _is_start(record, derived):
            start = self._other_half(record, pairing)
            place = None if start is None else start["place"]
        if start is None or place is None:
            return None
        return loaded.row_at(derived, place["partition"], place["offset"], _accepted_at(start))

    def _other_half(self, end: dict[str, Any], pairing: Pairing) -> dict[str, Any] | None:
        keys = _keys(end, pairing)
        starts = newest(self._store, Filter(event=pairing.start, outcome="accepted"), 1_000)
        matching = [each for each in starts if keys and _keys(each, pairing) == keys]
        ended_at = _accepted_at(end)
        return min(matching, key=lambda each: abs(_accepted_at(each) - ended_at), default=None)

    def _open_pair(self, record: dict[str, Any], derived: Contract) -> Stage:
        pairing = derived.pairing
        assert pairing is not None, "only derived events have pairs"
        if not _is_start(record, derived):
            told = f"its {pairing.start} is not recorded here, or has no row yet"
            return _stage("row", "waiting", f"the row is made of both halves; {told}")
        until = _accepted_at(record) + dt.timedelta(seconds=pairing.wait_seconds)
        if until < self._now():
            told = f"the wait for its {pairing.end} ended {shown_time(until)}: the next run of the"
            return _stage("row", "waiting", f"{told} loader makes an unpaired row")
        told = f"open: waits for its {pairing.end} until {shown_time(until)}"
        return _stage("row", "waiting", told, until=shown_time(until))


def _keys(record: Mapping[str, Any], pairing: Pairing) -> list[Any] | None:
    """What two halves agree on, as far as it may be shown."""
    sent = record.get("sent")
    data = sent.get("data") if isinstance(sent, dict) else None
    if not isinstance(data, dict) or any(data.get(key, MASKED) == MASKED for key in pairing.keys):
        return None
    return [data[key] for key in pairing.keys]


def _is_start(record: Mapping[str, Any], derived: Contract) -> bool:
    return derived.pairing is not None and record["event"] == derived.pairing.start


def _accepted_at(record: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(record["accepted_at"])


def _stage(stage: str, state: str, text: str, *, at: str | None = None, **facts: Any) -> Stage:
    return {"stage": stage, "state": state, "at": at, "text": text, **facts}


def _answer(record: Mapping[str, Any]) -> Stage:
    facts = {"status": record["status"], "correlation_id": record["correlation_id"]}
    match record["outcome"]:
        case "accepted":
            told, state = f"accepted in {record['milliseconds']} ms", "done"
        case "duplicate":
            told = f"repeated: the same event was stored at {record['accepted_at']}"
            state = "ended"
        case _:
            told, state = f"rejected: {record['problem']['detail']}", "failed"
    return _stage("http", state, told, at=record["time"], **facts)


def _kafka(place: Mapping[str, Any] | None) -> Stage:
    if place is None:
        told = "accepted into the spool, or sent by a worker that has ended; not heard of yet"
        return _stage("kafka", "waiting", told)
    told = f"partition {place['partition']}, offset {place['offset']}"
    return _stage("kafka", "done", told, place=dict(place))


def _loader(run: Run | None, *, is_loaded: bool, may_be_open: bool) -> Stage:
    if run is not None:
        told = f"run {run.run_id}, {run.outcome}"
        return _stage("loader", "done", told, at=shown_time(run.started_at), run_id=run.run_id)
    if is_loaded:
        told = "it has the row; the run that wrote it is still under way, and told when it ends"
        return _stage("loader", "done", told)
    if may_be_open:
        told = (
            "a start that waits for its end is in no table; the run that read it tells at its end"
        )
        return _stage("loader", "unknown", told)
    told = "waits for the loader to come to its offset, or for the report of the run that has"
    return _stage("loader", "waiting", told)


def _row(
    row: Row, derived: Contract | None = None, place: Mapping[str, Any] | None = None
) -> Stage:
    told = f"in {row.table}"
    if derived is not None:
        told = f"its pair is the row {row.event_id} of {row.table}"
    elif place is not None and (place["partition"], place["offset"]) != (row.partition, row.offset):
        told = (
            f"in {row.table}, as partition {row.partition}, offset {row.offset}: of several"
            " messages with this id one row stays"
        )
    return _stage("row", "done", told, at=shown_time(row.loaded_at), table=row.table)


def _no_row(event: str, run: Run) -> Stage:
    """The run came past it and made no row of it."""
    counts = run.counts.get(event, {})
    nouns = {"dead": "dead letter", "duplicates": "duplicate"}
    told = [counted(number, nouns[name]) for name, number in counts.items() if number]
    if not told:
        text = f"the run came past it and made no row of it, nor set {event} aside; was the user"
        return _stage("row", "failed", f"{text} erased, or the topic made anew?")
    text = f"no row: the run has {' and '.join(told)} of {event}"
    return _stage("row", "failed", f"{text}; `ugc etl dead-letters list` shows why")
