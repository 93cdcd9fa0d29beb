"""Logs as one JSON object per line. No line holds a token, an address or an event's data.

The text of an exception may quote any of them, so that the API's stack traces go without.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.config
import traceback
from collections.abc import Collection

FIELDS = ("correlation_id", "code", "event", "cause")
"""What the API's log calls add through ``extra``."""


class JsonFormatter(logging.Formatter):
    """A record as JSON: time, level, logger, message, the known extras, and a stack trace."""

    def __init__(self, fields: Collection[str] = FIELDS, *, errors_quoted: bool = True) -> None:
        """``fields`` are the names that a log call may add through ``extra``.

        ``errors_quoted`` tells whether a stack trace has the texts of exceptions.
        """
        super().__init__()
        self._fields = fields
        self._errors_quoted = errors_quoted

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
            line["trace"] = (
                self.formatException(record.exc_info)
                if self._errors_quoted
                else _trace(record.exc_info[1])
            )
        return json.dumps(line, ensure_ascii=False, default=str)


def _trace(error: BaseException | None) -> str:
    """The types and places of an exception and of those it came from, the first one first."""
    parts: list[str] = []
    while error is not None:
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


def configure() -> None:
    """Sends the logs of this process to standard error."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter, "errors_quoted": False}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {name: {"level": "INFO"} for name in ("api", "registry", "contracts")},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
        }
    )
