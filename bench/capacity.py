"""What so many events a second need: partitions, processes, Redis, ClickHouse, disk, cost.

::

    python -m bench.capacity [--rate 660] [--api-us 595] [--loader-us 75] [--redis-us 24] …

Nothing is measured here: the figures are those of the other benchmarks (microseconds of processor
per event, bytes per event), and the reasoning is in docs/scaling.md.  Each kind of process gets as
many as keep one core at ``--busy`` of its time, so that there is room for peaks; of API processes
and loaders there is one more, to fail.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from dataclasses import dataclass

FACTORS = (1, 10, 100, 1_000)
DAY_SECONDS = 86_400
LEAST_PARTITIONS = 6


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Of one event: microseconds of processor by component, and bytes where it is kept.

    ``clickhouse_rows`` is what one server takes in a second; ``core_price`` and ``terabyte_price``
    are of a month.
    """

    api_us: float
    loader_us: float
    redis_us: float
    kafka_bytes: float
    row_bytes: float
    clickhouse_rows: float
    partition_bytes: float
    core_price: float
    terabyte_price: float


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How much is held in reserve, and how long things are kept."""

    busy: float
    kafka_days: float
    clickhouse_days: float
    replicas: int
    shard_terabytes: float


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a rate needs. Terabytes count every replica; ``cost`` is of a month."""

    rate: float
    api_processes: int
    partitions: int
    loaders: int
    redis_cores: int
    kafka_megabytes: float
    kafka_terabytes: float
    clickhouse_shards: int
    clickhouse_terabytes: float
    cost: float


def needs(rate: float, measured: Measured, policy: Policy) -> Needs:
    """The table's row for so many events a second."""

    def cores(microseconds: float) -> int:
        return math.ceil(rate * microseconds / 1e6 / policy.busy)

    loaders = cores(measured.loader_us)
    kafka_bytes = rate * measured.kafka_bytes
    partitions = max(
        LEAST_PARTITIONS, 2 * loaders, math.ceil(kafka_bytes / measured.partition_bytes)
    )
    kafka_terabytes = kafka_bytes * DAY_SECONDS * policy.kafka_days * policy.replicas / 1e12
    kept = rate * measured.row_bytes * DAY_SECONDS * policy.clickhouse_days / 1e12
    shards = max(
        1,
        math.ceil(rate / measured.clickhouse_rows / policy.busy),
        math.ceil(kept / policy.shard_terabytes),
    )
    redis_cores = cores(measured.redis_us)
    brokers = max(policy.replicas, math.ceil(kafka_bytes * policy.replicas / 100e6))
    # Of a ClickHouse replica and a broker four cores each.
    core_count = (
        (cores(measured.api_us) + 1)
        + (loaders + 1)
        + redis_cores * 2
        + 4 * brokers
        + 4 * shards * 2
    )
    terabytes = kafka_terabytes + 2 * kept
    return Needs(
        rate=rate,
        api_processes=cores(measured.api_us) + 1,
        partitions=partitions,
        loaders=loaders + 1,
        redis_cores=redis_cores,
        kafka_megabytes=kafka_bytes / 1e6,
        kafka_terabytes=kafka_terabytes,
        clickhouse_shards=shards,
        clickhouse_terabytes=2 * kept,
        cost=core_count * measured.core_price + terabytes * measured.terabyte_price,
    )


def table(rows: Iterable[Needs]) -> str:
    """Markdown."""
    lines = [
        "| events/s | API processes | partitions | loaders | Redis primaries | Kafka MB/s"
        " | Kafka TB | ClickHouse shards | ClickHouse TB | cost a month |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {each.rate:,.0f} | {each.api_processes} | {each.partitions} | {each.loaders}"
        f" | {each.redis_cores} | {each.kafka_megabytes:,.1f} | {each.kafka_terabytes:,.1f}"
        f" | {each.clickhouse_shards} | {each.clickhouse_terabytes:,.1f} | {each.cost:,.0f} |"
        for each in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    number = parser.add_argument
    number("--rate", type=float, default=660, help="events a second, of which 1x is told")
    number("--api-us", type=float, default=595, help="of an API process per event")
    number("--loader-us", type=float, default=75, help="of a loader per message")
    number("--redis-us", type=float, default=24, help="of Redis per event")
    number("--kafka-bytes", type=float, default=280, help="per message, with headers and key")
    number("--row-bytes", type=float, default=30, help="per row, compressed, of one replica")
    number("--clickhouse-rows", type=float, default=100_000, help="a server takes in a second")
    number("--partition-bytes", type=float, default=5e6, help="a partition takes in a second")
    number("--core-price", type=float, default=25, help="of a core with its memory, a month")
    number("--terabyte-price", type=float, default=80, help="of a terabyte on disk, a month")
    number("--busy", type=float, default=0.5, help="share of a core's time that is planned for")
    number("--kafka-days", type=float, default=7)
    number("--clickhouse-days", type=float, default=365)
    number("--replicas", type=int, default=3, help="of a Kafka partition")
    number("--shard-terabytes", type=float, default=10, help="a shard holds")
    given = vars(parser.parse_args())
    rate = given.pop("rate")
    names = Policy.__dataclass_fields__.keys()
    policy = Policy(**{name: given.pop(name) for name in names})
    measured = Measured(**given)
    print(table(needs(rate * factor, measured, policy) for factor in FACTORS))


if __name__ == "__main__":
    main()
