"""Logs as one JSON object per line. No line holds a token or an event's data."""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.config
from collections.abc import Collection

FIELDS = ("correlation_id", "code", "event", "cause")
"""What the API's log calls add through ``extra``."""


class JsonFormatter(logging.Formatter):
    """A record as JSON: time, level, logger, message, the known extras, and a stack trace."""

    def __init__(self, fields: Collection[str] = FIELDS) -> None:
        """``fields`` are the names that a log call may add through ``extra``."""
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        time = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, object] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in self._fields if hasattr(record, name)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure() -> None:
    """Sends the logs of this process to standard error."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {name: {"level": "INFO"} for name in ("api", "registry", "contracts")},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
        }
    )
