"""What a project's prefix before every key costs in Redis's own time: python -m bench.redis_prefix

The baseline is the same scripts without a prefix, in turn on one server; the least of 15 rounds,
since Redis counts the time in which other programs had the processor, too.
"""

from __future__ import annotations

import tempfile
import uuid
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import redis

from etl.sessions.redis_store import RedisSessionStore
from etl.sessions.store import Occurrences, SessionPair
from tests.api.servers import redis_server

COUNT = 1000
ROUNDS = 15
PREFIXES = ("", "shop:")


def occurrences() -> Occurrences:
    ids = [str(uuid.uuid4()).encode() for _ in range(COUNT)]
    return Occurrences(event="e", ids=ids, partitions=[0] * COUNT, offsets=list(range(COUNT)))


def pair() -> SessionPair:
    return SessionPair(
        session=f"pv:{uuid.uuid4()}.user",
        start=b"x" * 100,
        end=b"y" * 100,
        start_location="0:1",
        end_location="0:2",
        start_expires_ms=1,
        end_expires_ms=1,
        forget_ms=1,
    )


def main() -> None:
    took: dict[tuple[str, str], list[int]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
        raw = redis.Redis.from_url(server.url)

        def scripts_microseconds() -> int:
            stats: Any = raw.info("commandstats")
            return int(stats["cmdstat_evalsha"]["usec"])

        for prefix in PREFIXES * ROUNDS:
            with closing(
                RedisSessionStore.connect(
                    server.url,
                    "t",
                    dedup_window_seconds=900,
                    timeout_seconds=30,
                    key_prefix=prefix,
                )
            ) as store:
                store.adopt({0: 0})
                raw.config_resetstat()
                store.repeated(occurrences())
                took["repeated", prefix].append(scripts_microseconds())
                pairs = [pair() for _ in range(COUNT)]
                raw.config_resetstat()
                store.apply_pairs({0: 0}, "pv", pairs)
                took["apply_pairs", prefix].append(scripts_microseconds())
    for script in ("repeated", "apply_pairs"):
        without, with_it = (min(took[script, prefix]) for prefix in PREFIXES)
        print(
            f"{script}: {without / COUNT:.1f} µs without a prefix, {with_it / COUNT:.1f} µs with"
            f" one, for each event; {with_it / without:.2f} of the baseline"
        )


if __name__ == "__main__":
    main()
