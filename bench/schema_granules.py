"""How much of a table typical questions read, beside reading all of it.

A year of page views and of quality changes is made: 8,000 users, of whom 1,300 come on a day, and
ids of version 7 (the time first). ::

    python bench/schema_granules.py [--rows 2000000]

Granules are blocks of 8,192 rows; ``EXPLAIN indexes = 1`` says how many a query selects.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from contextlib import closing

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import load_catalog

_START = 1_767_225_600  # 2026-01-01 00:00 UTC
_YEAR_SECONDS = 365 * 86_400

_MILLIS = "hex(toUInt64(at * 1000))"
_RANDOM = "leftPad(hex(cityHash64(number, 1)), 16, '0')"
# Of day d come the 1,300 users of that day's share.
_COMMON = f"""
    toUUID(concat(
        substring({_MILLIS}, 1, 8), '-', substring({_MILLIS}, 9, 4), '-7',
        substring({_RANDOM}, 1, 3), '-8', substring({_RANDOM}, 2, 3), '-',
        substring({_RANDOM}, 5, 12))) AS event_id,
    concat('user-', toString((intDiv(at, 86400) * 1300
        + cityHash64(intDiv(number, 20)) % 1300) * 7919 % 8000)) AS user_id,
    toDateTime64(at, 3, 'UTC') AS timestamp
FROM (SELECT number, {_START} + intDiv(number * {_YEAR_SECONDS}, {{rows}}) AS at
      FROM numbers({{rows}}))
"""
_VIEWS = (
    "INSERT INTO ugc.page_view (page_type, duration_seconds, event_id, user_id, timestamp) SELECT"
    " ['movie', 'category', 'promotion', 'main'][cityHash64(number, 2) % 4 + 1],"
    " cityHash64(number, 3) % 600," + _COMMON
)
_CHANGES = (
    "INSERT INTO ugc.quality_change (video_id, event_id, user_id, timestamp) SELECT"
    " concat('tt', toString(cityHash64(number, 2) % 5000))," + _COMMON
)

_INEXACT = "SETTINGS use_skip_indexes_if_final_exact_mode = 0"

QUESTIONS = (
    ("page_view", "all", "1"),
    ("page_view", "one day", "timestamp >= '2026-06-10' AND timestamp < '2026-06-11'"),
    ("page_view", "one week", "timestamp >= '2026-06-08' AND timestamp < '2026-06-15'"),
    ("page_view", "one page type", "page_type = 'movie'"),
    (
        "page_view",
        "one page type, one day",
        "page_type = 'movie' AND timestamp >= '2026-06-10' AND timestamp < '2026-06-11'",
    ),
    ("page_view", "one user", "user_id = 'user-42'"),
    (
        "page_view",
        "one user, one month",
        "user_id = 'user-42' AND timestamp >= '2026-06-01' AND timestamp < '2026-07-01'",
    ),
    ("quality_change", "all", "1"),
    ("quality_change", "one video", "video_id = 'tt42'"),
    ("quality_change", "one day", "timestamp >= '2026-06-10' AND timestamp < '2026-06-11'"),
    ("quality_change", "one user", "user_id = 'user-42'"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    rows: int = parser.parse_args().rows
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(connect(f"chdb://{folder}/data")) as client,
    ):
        ensure_tables(client, load_catalog())
        settings = {"max_partitions_per_insert_block": 0}
        for statement in (_VIEWS, _CHANGES):
            client.execute(statement.format(rows=rows), settings=settings)
        for name in ("page_view", "quality_change"):
            client.execute(f"OPTIMIZE TABLE ugc.{name} FINAL")
        print(f"{rows} rows in each table, over a year")
        print(f"{'':36} {'plain':>7} {'FINAL':>7} {'FINAL, inexact':>15}   granules")
        for table, title, where in QUESTIONS:
            plain = granules(client, table, f"WHERE {where}")
            final = granules(client, f"{table} FINAL", f"WHERE {where}")
            loose = granules(client, f"{table} FINAL", f"WHERE {where} {_INEXACT}")
            print(f"{table + ', ' + title:36} {plain:>7} {final:>7} {loose:>15}")


def granules(client: ClickHouse, table: str, where: str) -> int:
    """Those that the last index leaves."""
    query = f"EXPLAIN indexes = 1 SELECT count(), max(user_id) FROM ugc.{table} {where}"
    return int(re.findall(r"Granules: (\d+)\n", client.query_text(query, "TSVRaw"))[0])


if __name__ == "__main__":
    main()
