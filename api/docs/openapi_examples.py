"""What the OpenAPI document shows where any event would do: one that the contracts have. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from contracts.errors import SampleError
from contracts.model.types import Contract
from contracts.model.validation import Validator, Violation
from contracts.samples.payloads import LIFELIKE, Sampler

_IN_BATCH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """An event, requests with it, and what the first of them would be told without a field."""

    event: str
    version: int
    requests: tuple[dict[str, Any], ...]
    violations: tuple[Violation, ...]


def request(contract: Contract, data: Any) -> dict[str, Any]:
    """A request of a visitor who is not signed in."""
    return {"event": contract.event, "token": None, "data": data}


def examples_of(newest: Sequence[Contract]) -> Examples:
    """The first event of these that has data to show, with the contract's own examples.

    An event with several examples goes before one with a single one: a batch shows two.
    """
    for contract in sorted(newest, key=lambda each: len(each.examples) < _IN_BATCH):
        data = list(islice(_data(contract), _IN_BATCH))
        if data:
            return Examples(
                event=contract.event,
                version=contract.version,
                requests=tuple(request(contract, each) for each in islice(cycle(data), _IN_BATCH)),
                violations=_broken(contract, data[0]),
            )
    return Examples(event="an_event", version=1, requests=(), violations=())


def _data(contract: Contract) -> Iterator[Any]:
    """The contract's examples, and then such data as it allows."""
    yield from contract.examples
    rng = random.Random(contract.event)  # noqa: S311 - the same document each time
    try:
        yield Sampler(contract.schema, LIFELIKE).valid(rng)
    except SampleError:
        return


def _broken(contract: Contract, data: Any) -> tuple[Violation, ...]:
    """What is wrong with the data when a field is missing, or where none has to be there, new."""
    required = contract.schema.get("required", ())
    lacking = {name: value for name, value in data.items() if name not in required[:1]}
    broken = lacking if required else {**data, "unknown_field": None}
    return Validator(contract.schema).violations(broken, at="/data")
