"""Log lines: one JSON object each, with the fields that lead from a complaint to its cause."""

from __future__ import annotations

import json
import logging
import sys

from api.telemetry.logs import JsonFormatter


def line(record: logging.LogRecord) -> dict[str, object]:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    found: dict[str, object] = json.loads(text)
    return found


def test_a_line_has_time_level_logger_message_and_known_extras() -> None:
    record = logging.makeLogRecord(
        {
            "name": "api.app",
            "levelname": "INFO",
            "msg": "refused %s",
            "args": ("twice",),
            "created": 1_769_860_800.5,
            "code": "data_invalid",
            "event": "element_click",
            "correlation_id": "c-1",
            "surplus": "not shown",
        }
    )
    assert line(record) == {
        "time": "2026-01-31T12:00:00.500+00:00",
        "level": "info",
        "logger": "api.app",
        "message": "refused twice",
        "correlation_id": "c-1",
        "code": "data_invalid",
        "event": "element_click",
    }


def test_a_trace_is_one_field() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    assert "ValueError: first\nsecond" in str(line(record)["trace"])


def test_a_line_break_in_a_message_starts_no_new_line() -> None:
    assert line(logging.makeLogRecord({"msg": "a\nb"}))["message"] == "a\nb"
