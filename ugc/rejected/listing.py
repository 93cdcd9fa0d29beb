"""What the API refused, by reason and client, for people or programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Column, Table

from contracts.visible import counted
from etl.app import open_rejected
from etl.config import KafkaConfig
from etl.decode.rejections import Told, each_rejection
from etl.errors import TopicMissingError
from etl.sessions.pairing import instant
from ugc.environment import require
from ugc.errors import UgcError
from ugc.terminal import PlainConsole, say_json

_UNKNOWN = "?"
_TEXT_CHARACTERS = 120


class NothingKeptError(UgcError):
    """There is no topic of refused events."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Rejections of one sort: a contract (or event), why, and which client."""

    contract: str
    code: str
    origin: str
    user_agent: str
    sdk: str


@dataclass(slots=True)
class Tally:
    """How many of a sort, and what the newest that says so breaks (``pointer``, ``keyword``)."""

    number: int = 0
    pointer: str | None = None
    keyword: str | None = None
    correlation_id: str | None = None


def tally(told: Iterable[Told]) -> dict[Sort, Tally]:
    """Rejections by sort, the most frequent first. Whatever lies in the topic is taken."""
    found: dict[Sort, Tally] = {}
    for each in told:
        entry = found.setdefault(_sort(each), Tally())
        entry.number += each.weight
        entry.correlation_id = _text(each.fields.get("correlation_id")) or entry.correlation_id
        if (example := _example(each.fields)) is not None:
            entry.pointer, entry.keyword = example
    return dict(sorted(found.items(), key=lambda item: -item[1].number))


def print_rejected(env: Mapping[str, str], since_ms: int, *, top: int, as_json: bool) -> None:
    """Prints the most frequent sorts since a time (Unix ms).

    Raises:
        NothingKeptError: there is no topic that keeps what is refused.
        MisconfiguredError: no stack is running, and nothing names Kafka.
        EtlError: a setting is wrong, or Kafka does not answer.
    """
    require(env, "KAFKA_BOOTSTRAP_SERVERS")
    config = KafkaConfig.from_env(env)
    with closing(open_rejected(config)) as history:
        try:
            found = tally(each_rejection(history, since_ms))
        except TopicMissingError as error:
            text = f"there is no topic {config.rejected_topic}; `ugc init` makes it"
            raise NothingKeptError(text) from error
    if as_json:
        say_json(as_dict(found, since_ms, top=top))
    else:
        _print(found, since_ms, top=top)


def as_dict(found: Mapping[Sort, Tally], since_ms: int, *, top: int) -> dict[str, Any]:
    """The report for programs; ``total`` counts what is beyond the ``top`` as well."""
    return {
        "since": instant(since_ms).isoformat(),
        "total": sum(entry.number for entry in found.values()),
        "sorts": len(found),
        "top": [{**asdict(sort), **asdict(entry)} for sort, entry in list(found.items())[:top]],
    }


def _print(found: Mapping[Sort, Tally], since_ms: int, *, top: int) -> None:
    console = PlainConsole()
    total = sum(entry.number for entry in found.values())
    since = instant(since_ms).isoformat(" ", "seconds")
    console.print(
        f"Since {since}: {counted(total, 'rejected event')}, of {counted(len(found), 'sort')}."
    )
    if not found:
        return
    table = Table(
        Column("refused", justify="right", no_wrap=True),
        *("contract", "reason", "for example", "origin", "browser", "SDK"),
    )
    for sort, entry in list(found.items())[:top]:
        example = "" if entry.pointer is None else f"{entry.pointer or '/'} ({entry.keyword})"
        cells = (sort.contract, sort.code, example, sort.origin, sort.user_agent, sort.sdk)
        table.add_row(str(entry.number), *cells)
    console.print(table)


def _sort(told: Told) -> Sort:
    fields = told.fields
    return Sort(
        contract=_text(fields.get("contract")) or _text(told.event) or _UNKNOWN,
        code=_text(told.code) or _UNKNOWN,
        origin=_text(fields.get("origin")) or _UNKNOWN,
        user_agent=_text(fields.get("user_agent")) or _UNKNOWN,
        sdk=_text(fields.get("sdk")) or _UNKNOWN,
    )


def _example(fields: Mapping[str, Any]) -> tuple[str, str] | None:
    violations = fields.get("violations")
    first = violations[0] if isinstance(violations, list) and violations else None
    if not isinstance(first, dict):
        return None
    return _text(first.get("pointer")) or "", _text(first.get("keyword")) or _UNKNOWN


def _text(value: object) -> str | None:
    """A text that a terminal can show: anybody who may write to the topic chose it."""
    if not isinstance(value, str):
        return None
    return "".join(each for each in value[:_TEXT_CHARACTERS] if each.isprintable())
