"""What the clients of a project can send, made from its contracts. Pure: chance is passed in.

An event that is half of a declared pair comes with its other half, on the same keys; every other
event comes by itself.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.errors import SampleError
from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin, Pairing
from contracts.model.validation import Validator
from contracts.samples.payloads import LIFELIKE, Sampler
from ugc.traffic.context import Beside, VisitContexts

_ATTEMPTS = 50
_LONGEST_BYTES = 48_000
"""The JSON of one event's data; the API takes 65,536 bytes unless it is told otherwise."""

Data = dict[str, Any]


class Event:
    """An event that clients send: makes its data, and tells whether some data is right."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.accepts = Validator(contract.schema).accepts
        self._lifelike = Sampler(contract.schema, LIFELIKE)
        self._fresh = Sampler(contract.schema, replace(LIFELIKE, example=0.0))

    @property
    def name(self) -> str:
        """The event, as a request names it."""
        return self.contract.event

    def data(self, rng: random.Random) -> Data:
        """Data much like the contract's examples.

        Raises:
            SampleError: none is to be had, or none that a request can carry.
        """
        return self._short_enough(self._lifelike, rng)

    def fresh(self, rng: random.Random) -> Data:
        """Data with nothing in it out of the contract's examples.

        Raises:
            SampleError: as of :meth:`data`.
        """
        return self._short_enough(self._fresh, rng)

    def example(self, rng: random.Random) -> Data:
        """The contract's first example, or else such data as :meth:`data` makes."""
        examples = self.contract.examples
        return dict(examples[0]) if examples else self.data(rng)

    def with_values(self, data: Data, values: Mapping[str, Any]) -> Data:
        """``data`` with those of ``values`` whose names it has, as far as the contract allows."""
        for name in data.keys() & values.keys():
            changed = {**data, name: values[name]}
            if self.accepts(changed):
                data = changed
        return data

    def _short_enough(self, sampler: Sampler, rng: random.Random) -> Data:
        for _ in range(_ATTEMPTS):
            data: Data = sampler.valid(rng)
            if len(json.dumps(data, ensure_ascii=False).encode()) <= _LONGEST_BYTES:
                return data
        raise SampleError(f"its data is longer than {_LONGEST_BYTES} bytes, too much for a request")


@dataclass(frozen=True, slots=True)
class Halves:
    """The data of a start and of the end that belongs to it, and the values of their keys."""

    start: Data
    end: Data
    keys: tuple[Any, ...]


class Pair:
    """Two events that the loader joins to one."""

    def __init__(self, name: str, declared: Pairing, start: Event, end: Event) -> None:
        self.name = name
        self.start = start
        self.end = end
        self.shared = (*declared.keys, *declared.carry)
        """Fields that a visitor's other events have in common with the pair."""
        self._keys = declared.keys

    def halves(self, rng: random.Random, *, as_examples: bool = False) -> Halves:
        """A start and its end, whose keys are new; the rest ``as_examples`` of the contracts.

        Raises:
            SampleError: no two were found that agree on their keys.
        """
        for _ in range(_ATTEMPTS):
            fresh = self.start.fresh(rng)
            keys = {name: fresh[name] for name in self._keys}
            make = Event.example if as_examples else Event.data
            start = {**make(self.start, rng), **keys}
            end = {**self.end.with_values(make(self.end, rng), start), **keys}
            if self.start.accepts(start) and self.end.accepts(end):
                return Halves(start, end, tuple(keys.values()))
        raise SampleError(
            f"in {_ATTEMPTS} attempts no {self.start.name} and {self.end.name} agreed on their keys"
        )


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Repertoire:
    """Everything that visitors can send. Safe to share between threads."""

    def __init__(
        self, catalog: Catalog, *, today: dt.date, now: Callable[[], dt.datetime] = _utc_now
    ) -> None:
        """``today`` (UTC) tells which versions are retired; ``now`` is the clients' clock."""
        context = catalog.context
        self.contexts = None if context is None else VisitContexts(context, now)
        """What requests say beside their events, where the project has a context."""
        self.left_out: dict[str, str] = {}
        """Event, or the one that a pair becomes → why nobody sends it."""
        sent = {each.event: Event(each) for each in catalog.newest if _is_open(each, today)}
        halves: set[str] = set()
        self.pairs: list[Pair] = []
        for name, declared in catalog.pairings.items():
            halves |= {declared.start, declared.end}
            if declared.start in sent and declared.end in sent:
                pair = Pair(name, declared, sent[declared.start], sent[declared.end])
                if self._can_be_made(name, pair.halves):
                    self.pairs.append(pair)
        self.singles = [
            event
            for name, event in sent.items()
            if name not in halves and self._can_be_made(name, event.data)
        ]
        self._views: set[str] = set()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.pairs or self.singles)

    @property
    def events(self) -> Iterator[Event]:
        """Every event that is sent."""
        for pair in self.pairs:
            yield from (pair.start, pair.end)
        yield from self.singles

    def new_halves(
        self, pair: Pair, sender: str | None, rng: random.Random, *, as_examples: bool = False
    ) -> tuple[str, Halves] | None:
        """A start and its end that ``sender`` (a token, or nobody) has not sent, and their name.

        ``None``: few key values are allowed, and none is left that was not used.
        """
        for _ in range(_ATTEMPTS):
            halves = pair.halves(rng, as_examples=as_examples)
            view = json.dumps([pair.name, sender, *halves.keys])
            with self._lock:
                if view not in self._views:
                    self._views.add(view)
                    return view, halves
        return None

    def _can_be_made(self, name: str, make: Any) -> bool:
        try:
            make(random.Random(1))  # noqa: S311 - a trial
        except SampleError as error:
            self.left_out[name] = str(error)
            return False
        return True


def _is_open(contract: Contract, today: dt.date) -> bool:
    """Whether the API takes the event."""
    ending = contract.deprecation
    return contract.origin is Origin.CLIENT and (ending is None or not ending.is_retired(today))


def one_of_each(
    repertoire: Repertoire, rng: random.Random, token: str
) -> Iterator[tuple[dict[str, Any], tuple[str, str] | None]]:
    """A request with each event, as the contracts show it; some with a token, some without.

    Beside each stands what it begins: the event that a pair becomes, and the view's name.
    """
    contexts = repertoire.contexts
    visit = contexts.visit(rng) if contexts else {}
    for number, (event, sender, data, begins) in enumerate(_each_once(repertoire, rng, token), 1):
        beside: Beside = contexts.request(visit, number) if contexts else {}
        yield {"event": event.name, "token": sender, "data": data, **beside}, begins


def _each_once(
    repertoire: Repertoire, rng: random.Random, token: str
) -> Iterator[tuple[Event, str | None, Data, tuple[str, str] | None]]:
    ends = []
    for pair in repertoire.pairs:
        found = repertoire.new_halves(pair, token, rng, as_examples=True)
        if found is not None:
            view, halves = found
            yield pair.start, token, halves.start, (pair.name, view)
            ends.append((pair.end, token, halves.end, None))
    for number, event in enumerate(repertoire.singles):
        yield event, token if number % 2 else None, event.example(rng), None
    yield from ends
