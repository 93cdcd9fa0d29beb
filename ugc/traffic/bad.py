"""Requests that the API has to refuse, made from the contracts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from contracts.errors import SampleError
from contracts.model.loader import Catalog
from contracts.model.types import Contract, Origin
from contracts.samples.payloads import Sampler
from ugc.traffic.repertoire import Event, Repertoire

_MISSES = 6
"""So many wrong payloads are made of each event, of as many kinds as may be."""


def bad_bodies(
    catalog: Catalog, contracts_folder: Path, repertoire: Repertoire, rng: random.Random
) -> tuple[bytes, ...]:
    """Request bodies of many kinds, each refused with a reason code.

    They are no JSON, name what does not exist, break the envelope or a contract in one place, or
    are invalid examples of the folder.
    """
    events = list(repertoire.events)
    return (
        b"",
        b"{",
        b"[]",
        _body(_unknown(catalog), {}),
        *(_body(each.event, {}) for each in catalog.newest if each.origin is not Origin.CLIENT),
        *(body for event in events[:3] for body in _broken(event, rng)),
        *_out_of_context(repertoire, rng),
        *(_body(event.name, data) for event in events for data in _wrong(event, rng)),
        *(
            _body(event.name, data)
            for event in events
            for data in _invalid_examples(contracts_folder, event.contract)
        ),
    )


def _broken(event: Event, rng: random.Random) -> Iterator[bytes]:
    """Right data in a request that is wrong around it."""
    data = event.example(rng)
    text = _body(event.name, data).decode()
    named = f'"event": {json.dumps(event.name)}'
    yield text.replace(named, f"{named}, {named}", 1).encode()
    yield text.replace('"token": null', '"token": NaN', 1).encode()
    yield _body(event.name, data, token="not-a-token")  # noqa: S106 - it is none
    yield _body(event.name, data, version=event.contract.version + 1000)
    yield _body(event.name, data, user_id="somebody")
    yield json.dumps({"event": event.name, "data": data}).encode()


def _out_of_context(repertoire: Repertoire, rng: random.Random) -> Iterator[bytes]:
    """A right event beside a context that is wrong in one place."""
    if (contexts := repertoire.contexts) is not None:
        event = next(repertoire.events)
        for beside in contexts.wrong(rng):
            yield _body(event.name, event.example(rng), **beside)


def _wrong(event: Event, rng: random.Random) -> Iterator[Any]:
    """Data that breaks the contract in one place: a wrong type, a missing field, an unknown one."""
    sampler = Sampler(event.contract.schema)
    kinds: set[str] = set()
    try:
        for miss in islice(sampler.near_misses(rng), 50 * _MISSES):
            if miss.keyword not in kinds and len(kinds) < _MISSES:
                kinds.add(miss.keyword)
                yield miss.payload
    except SampleError:
        return


def _invalid_examples(folder: Path, contract: Contract) -> Iterator[Any]:
    examples = folder / "examples" / contract.event / f"v{contract.version}" / "invalid"
    for path in sorted(examples.glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def _unknown(catalog: Catalog) -> str:
    name = "no_such_event"
    while name in catalog.versions:
        name += "_"
    return name


def _body(event: str, data: Any, **more: Any) -> bytes:
    return json.dumps({"event": event, "token": None, "data": data, **more}).encode()
