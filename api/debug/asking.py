"""Reading records: by tag, event, outcome, application and id, the newest first."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from api.debug.store import MOST_RECORDS, DebugStore
from api.http.observing import tag_of

OUTCOMES = ("accepted", "duplicate", "rejected")

MOST_SHOWN = 1_000
_PAGE = 500
_BESIDE = frozenset({"limit", "after"})
"""What may be asked with a filter and is none."""

Record = dict[str, Any]


class QuestionError(Exception):
    """A filter that no record could ever pass; says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a record has to have; ``None``: whatever."""

    tag: str | None = None
    event: str | None = None
    outcome: str | None = None
    application: str | None = None
    event_id: str | None = None

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Filter:
        """The filter in the parameters of a URL; an empty one counts as left out.

        Raises:
            QuestionError: an outcome, an id, a tag or the name of a filter is none.
        """
        check_names(asked, {*cls.__slots__, *_BESIDE})
        given = {name: asked.get(name) or None for name in cls.__slots__}
        outcome, event_id = given["outcome"], given["event_id"]
        if outcome is not None and outcome not in OUTCOMES:
            raise QuestionError(f"outcome is one of {', '.join(OUTCOMES)}")
        if given["tag"] is not None and tag_of(given["tag"]) is None:
            raise QuestionError("a tag has 64 letters, digits, '.', '_' and '-' at most")
        if event_id is not None:
            try:
                given["event_id"] = str(uuid.UUID(event_id))
            except ValueError as error:
                raise QuestionError("event_id is a UUID") from error
        return cls(**given)

    def passes(self, record: Mapping[str, Any]) -> bool:
        """Whether an event's record has it all."""
        return all(
            wanted is None or record.get(name) == wanted
            for name, wanted in zip(self.__slots__, self._values(), strict=True)
        )

    def _values(self) -> Sequence[str | None]:
        return (self.tag, self.event, self.outcome, self.application, self.event_id)


def check_names(asked: Collection[str], known: Collection[str]) -> None:
    """A misspelt filter would be none at all.

    Raises:
        QuestionError: a parameter has another name than those that are known.
    """
    if not set(asked) <= set(known):
        raise QuestionError(f"what may be asked for is {', '.join(sorted(known))}")


def newest(store: DebugStore, wanted: Filter, limit: int) -> list[Record]:
    """The newest events that pass, with their ``id``, the newest first.

    Raises:
        CacheUnavailableError: Redis does not answer.
    """
    found: list[Record] = []
    places: dict[str, Any] = {}
    for record in _backwards(store):
        if record.get("kind") == "place":
            places.setdefault(record["event_id"], record["place"])
        elif wanted.passes(record):
            late = None if record["event_id"] is None else places.get(record["event_id"])
            if late is not None and record["outcome"] == "accepted":
                record["place"] = record["place"] or late
            found.append(record)
            if len(found) >= limit:
                break
    return found


def forget(store: DebugStore, tag: str | None) -> None:
    """Removes the records with a tag; ``None``: all.

    Raises:
        CacheUnavailableError: Redis does not answer.
    """
    if tag is None:
        store.forget(None)
        return
    wanted = Filter(tag=tag)
    store.forget([each["id"] for each in _backwards(store) if wanted.passes(each)])


def _backwards(store: DebugStore) -> Iterator[Record]:
    before: str | None = None
    seen = 0
    while seen < MOST_RECORDS + _PAGE:
        page = store.before(before, _PAGE)
        yield from map(decoded, page)
        if len(page) < _PAGE:
            return
        seen += len(page)
        before = page[-1][0]


def decoded(kept: tuple[str, bytes]) -> Record:
    """A record with its id."""
    record: Record = orjson.loads(kept[1])
    return {"id": kept[0], **record}
