"""The lines of the fault matrix, and the tests elsewhere that show some of them.

A test of this folder names its line with ``@pytest.mark.fault``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One fault and what must come of it.  ``shown_by``: tests of other folders, as pytest's ids
    without parameters."""

    name: str
    fault: str
    outcome: str
    shown_by: tuple[str, ...] = ()


_STACK = "tests/api/test_stack.py::"
_REAL = "tests/etl/test_real_parts.py::"
_KILLS = "tests/etl/test_kills.py::test_loaders_that_are_killed_lose_and_double_nothing"
_WRONG_TIME = "tests/etl/run/test_wrong_time.py::"

MATRIX = (
    Line(
        "kafka_down",
        "Kafka down",
        "bounded wait, then the spool and 202; sent when Kafka is back",
        (f"{_STACK}test_without_kafka_events_are_kept_and_nobody_waits",),
    ),
    Line("kafka_slow", "Kafka slow", "the same"),
    Line(
        "kafka_queue_full",
        "Kafka down and the spool's disk full",
        "503 with Retry-After; never a 202 for what is not stored",
        (f"{_STACK}test_with_the_spool_full_too_the_answer_is_503",),
    ),
    Line("broker_restart", "the broker is restarted", "nothing acknowledged is lost"),
    Line("leader_change", "one broker of three killed under load", "the same"),
    Line(
        "producer_fatal",
        "fatal error of the producer",
        "a new producer; what was not acknowledged is sent again",
        (
            "tests/api/publish/test_kafka.py::test_a_broken_producer_is_replaced_and_what_was_under_way_ends",
        ),
    ),
    Line("worker_sigkill", "an API worker gets SIGKILL", "nothing acknowledged is lost"),
    Line(
        "worker_sigterm",
        "the API gets SIGTERM",
        "running requests end; the rest stays in the spool",
        (f"{_STACK}test_on_sigterm_a_running_request_is_finished",),
    ),
    Line(
        "registry_down_at_start",
        "registry down at the API's start",
        "it starts with the ids it remembers",
        (
            f"{_STACK}test_it_starts_with_remembered_ids_while_the_registry_is_away",
            f"{_STACK}test_it_starts_without_the_registry_and_needs_it_only_once",
        ),
    ),
    Line("registry_down_running", "registry down while the API runs", "nothing changes"),
    Line(
        "redis_down_api",
        "Redis down (API)",
        "straight to auth_service",
        (f"{_STACK}test_without_redis_events_are_stored_and_nobody_waits",),
    ),
    Line(
        "redis_down_etl",
        "Redis down (loader)",
        "the run ends, nothing is committed",
        (f"{_REAL}test_without_redis_nothing_is_committed",),
    ),
    Line(
        "redis_flushed",
        "Redis flushed (loader)",
        "open views are read again from Kafka",
        (f"{_REAL}test_a_flushed_redis_loses_no_view",),
    ),
    Line("auth_down", "auth_service down", "local check of tokens"),
    Line(
        "auth_wrong",
        "auth_service slow, 5xx or malformed",
        "local check of tokens",
        (f"{_STACK}test_without_auth_service_tokens_are_checked_here",),
    ),
    Line(
        "etl_killed_after_poll",
        "loader killed after the poll",
        "the next run gives the same rows",
        (_KILLS,),
    ),
    Line("etl_killed_after_redis", "loader killed after Redis", "the same", (_KILLS,)),
    Line("etl_killed_after_insert", "loader killed after the insert", "the same", (_KILLS,)),
    Line("etl_killed_before_commit", "loader killed before the commit", "the same", (_KILLS,)),
    Line("two_loaders", "two loaders at once", "each event is one row"),
    Line("clickhouse_down", "ClickHouse down", "the run fails; the next one loads everything"),
    Line(
        "clickhouse_full", "ClickHouse's disk full", "the run fails; the next one loads everything"
    ),
    Line(
        "clickhouse_timeout_after_insert",
        "ClickHouse inserts and its answer is lost",
        "the same rows again; each event is one row",
    ),
    Line(
        "poison",
        "poison message",
        "dead letter with the original bytes; the run goes on",
        (
            f"{_REAL}test_the_whole_way",
            "tests/e2e/test_main_job.py::test_poison_does_not_stop_the_loader",
        ),
    ),
    Line(
        "client_retry",
        "a client sends an event again",
        "one row",
        ("tests/e2e/test_main_job.py::test_the_same_event_sent_twice_is_one_row",),
    ),
    Line(
        "wrong_time",
        "ends before starts, clocks that differ, second starts and ends, another user's end",
        "one row per started view",
        (
            f"{_WRONG_TIME}test_an_end_that_is_read_a_run_before_its_start",
            f"{_WRONG_TIME}test_an_end_from_a_clock_that_is_behind",
            f"{_WRONG_TIME}test_the_first_start_and_the_first_end_win",
            f"{_WRONG_TIME}test_an_end_from_another_user_ends_nothing",
        ),
    ),
    Line("offset_lost", "committed offset out of range", "the run stops and says so"),
)

BY_NAME = {line.name: line for line in MATRIX}
