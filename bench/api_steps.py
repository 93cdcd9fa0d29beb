"""Processor time of an event's way through the API, step by step, up to publishing.

::

    python -m bench.api_steps [--rounds 7] [--events 2000]

One thread, everything in memory, metrics shared between processes as ``ugc api serve`` shares them
(``PROMETHEUS_MULTIPROC_DIR``).  Prints µs of processor time for each event: the median of several
rounds in which all steps take turns, beside that of a baseline and their ratio.  Baselines are the
bare calls of the libraries that do the same work.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fastavro
import jsonschema_rs
import orjson
import uuid_utils.compat

from contracts.model import formats
from contracts.model.loader import load_catalog
from registry.avro import avro_schema
from registry.serde import Encoder
from registry.testing import InMemoryRegistry
from tests.support.register import register_all

_BATCH = 500

_ID = "0190163d-8694-739b-aea5-966c26f8ad91"
_CLICK = {"event": "element_click", "data": {"element_type": "trailer", "page_type": "movie"}}
_SEARCH = {
    "event": "search_filter",
    "data": {"search_query": "space odyssey", "filters": "genre=sci-fi;rating>=8;year>=1968"},
}
_EVENTS: Mapping[str, Mapping[str, Any]] = {
    "click": _CLICK,
    "click with event_id": {**_CLICK, "event_id": _ID},
    "search_filter": {**_SEARCH, "event_id": _ID},
}

Call = Callable[[], object]


@dataclass(frozen=True)
class Step:
    """What is measured; ``per`` events are done by one call."""

    name: str
    ours: Call
    baseline: str = ""
    theirs: Call | None = None
    per: int = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # The library looks at it when it is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        for title, event in _EVENTS.items():
            show(title, steps(event), options.rounds, options.events)


def steps(event: Mapping[str, Any]) -> list[Step]:
    """The steps of one event, each ready to be called again and again."""
    from prometheus_client import CollectorRegistry, Histogram

    from api.http.batch import ARRAY, split
    from api.instrumentation import Stage
    from api.model import Accepted
    from api.pipeline import quick_json
    from api.pipeline.checking import Checks
    from api.pipeline.components import Limits
    from api.pipeline.pipeline import Pipeline, asked_once
    from api.pipeline.seen import fingerprint
    from api.telemetry.metrics import Metrics

    parts, metrics, stage = Parts(), Metrics(), Stage.PARSE
    pipeline = Pipeline(parts.components(metrics), Limits())
    checks = Checks(parts.catalog, lambda: dt.datetime.now(dt.UTC))
    # As browsers write it, and as Python does.
    body = orjson.dumps({**event, "token": parts.token})
    spaced = json.dumps({**event, "token": parts.token}).encode()
    batch = orjson.dumps([{**event, "token": parts.token}] * _BATCH)
    request = pipeline.check(pipeline.parse(body))
    stamped = pipeline.stamp(request)
    contract, data = request.contract, dict(request.data)
    envelope_is_valid = jsonschema_rs.validator_for(dict(parts.catalog.request.schema)).is_valid
    data_is_valid = jsonschema_rs.validator_for(dict(contract.schema)).is_valid
    document = orjson.loads(body)
    histogram = Histogram("seconds", "s", registry=CollectorRegistry())
    schema = fastavro.parse_schema(avro_schema(parts.catalog, contract))
    stamp = {
        "event_id": stamped.event_id,
        "user_id": stamped.user_id,
        "timestamp": stamped.timestamp,
    }
    record = {**stamp, "event": contract.event, "contract_version": 1, "data": data}

    def written() -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, record)
        return out.getvalue()

    def bare() -> object:
        found = orjson.loads(body)
        return envelope_is_valid(found), data_is_valid(found["data"]), uuid.uuid4(), written()

    def taken() -> object:
        return pipeline.stamp(pipeline.check(pipeline.parse(body)))

    def batch_taken() -> object:
        pieces = split(batch, media_type=ARRAY, most=_BATCH)
        resolve = asked_once(parts.users.resolve)
        return [
            pipeline.stamp(pipeline.check(pipeline.parse(each)), resolve)
            for each in pieces
            if isinstance(each, bytes)
        ]

    outcome = Accepted(
        event_id=stamped.event_id,
        event=contract.event,
        version=contract.version,
        timestamp=stamped.timestamp,
    )

    def counted() -> None:
        metrics.request(route="/api/v1/events", method="POST", status=202, seconds=0.004)
        metrics.outcomes([outcome])

    return [
        Step("parse", lambda: quick_json.parse(body, max_depth=32), "orjson.loads",
             lambda: orjson.loads(body)),
        Step("parse, with blanks", lambda: quick_json.parse(spaced, max_depth=32), "orjson.loads",
             lambda: orjson.loads(spaced)),
        Step("check", lambda: checks.request(document), "jsonschema_rs is_valid, twice",
             lambda: (envelope_is_valid(document), data_is_valid(data))),
        Step("user from memory", lambda: parts.users.resolve(parts.token), "sha256",
             lambda: hashlib.sha256(parts.token.encode()).hexdigest()),
        Step("id", (lambda: formats.parse_uuid(_ID)) if "event_id" in event
             else uuid_utils.compat.uuid7, "uuid.uuid4", uuid.uuid4),
        Step("encode", lambda: parts.encoder.encode(contract, **stamp, data=data),
             "fastavro.schemaless_writer", written),
        Step("image, fingerprint",
             lambda: fingerprint(contract.event, parts.image(contract, stamped.value, data)),
             "orjson.dumps, blake2b",
             lambda: hashlib.blake2b(orjson.dumps(data), digest_size=8).hexdigest()),
        Step("metrics: one stage", lambda: metrics.took(stage, 0.000_02), "prometheus observe",
             lambda: histogram.observe(0.000_02)),
        Step("metrics: answer, event", counted, "prometheus observe",
             lambda: histogram.observe(0.004)),
        Step("parse, check, stamp", taken, "the bare calls", bare),
        Step(f"batch of {_BATCH}, each: split",
             lambda: split(batch, media_type=ARRAY, most=_BATCH), "orjson.loads",
             lambda: orjson.loads(batch), per=_BATCH),
        Step(f"batch of {_BATCH}, each: all", batch_taken, "orjson.loads",
             lambda: orjson.loads(batch), per=_BATCH),
    ]  # fmt: skip


class Parts:
    """The components, all of them in memory."""

    token = "eyJhbGciOiJIUzI1NiJ9." + "x" * 180 + "." + "y" * 43

    def __init__(self) -> None:
        self.catalog = load_catalog()
        self.encoder = Encoder(self.catalog, register_all(InMemoryRegistry(), self.catalog))

    def components(self, metrics: Any) -> Any:
        from api.auth.jwt_local import JwtVerifier
        from api.auth.token_cache import InMemoryTokenCache
        from api.auth.users import CacheTimes, Users
        from api.model import Identity, JwtPolicy
        from api.pipeline.components import Components
        from api.testing.auth import InMemoryAuthService
        from api.testing.publisher import InMemoryPublisher
        from api.testing.seen import InMemorySeenEvents

        self.users = Users(
            memory=InMemoryTokenCache(time.time),
            cache=InMemoryTokenCache(time.time),
            auth=InMemoryAuthService({self.token: Identity(_ID, None)}),
            local=JwtVerifier(JwtPolicy(secret="s" * 10 + _ID), clock=time.time),
            clock=time.time,
            times=CacheTimes(identity_seconds=1e9),
            instrumentation=metrics,
        )
        return Components(
            catalog=self.catalog,
            users=self.users,
            encoder=lambda: self.encoder,
            publisher=InMemoryPublisher(),
            seen=InMemorySeenEvents(),
            clock=lambda: dt.datetime.now(dt.UTC),
            make_id=uuid_utils.compat.uuid7,
            instrumentation=metrics,
        )

    def image(self, contract: Any, value: bytes, data: Mapping[str, Any]) -> bytes:
        return self.encoder.image(contract, value, data)


def show(title: str, measured: Sequence[Step], rounds: int, events: int) -> None:
    """Prints the table of one event."""
    ours: dict[str, list[float]] = {each.name: [] for each in measured}
    theirs: dict[str, list[float]] = {each.name: [] for each in measured}
    for _ in range(rounds):
        for step in measured:
            ours[step.name].append(cost(step.ours, step.per, events))
            if step.theirs is not None:
                theirs[step.name].append(cost(step.theirs, step.per, events))
    print(f"{title:30} {'µs':>7} {'baseline':>9} {'ratio':>6}")
    for step in measured:
        mine, other = (statistics.median(each[step.name]) for each in (ours, theirs))
        print(f"  {step.name:28} {mine:7.2f} {other:9.2f} {mine / other:6.1f}  {step.baseline}")


def cost(call: Call, per: int, events: int) -> float:
    """µs of this thread's processor time for each event."""
    began = time.thread_time()
    for _ in range(max(1, events // per)):
        call()
    return (time.thread_time() - began) * 1e6 / (max(1, events // per) * per)


if __name__ == "__main__":
    main()
