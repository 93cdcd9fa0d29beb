"""Logs of long-running commands: one JSON object per line."""

from __future__ import annotations

import logging
from typing import TextIO

from api.telemetry.logs import JsonFormatter

_FIELDS = ("report", "done", "total", "unit")


def configure_json_logs(stream: TextIO) -> None:
    """Sends the logs of this process to ``stream``: ours from INFO on, others' warnings."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(_FIELDS))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for room in ("ch_schema", "etl", "registry", "ugc"):
        logging.getLogger(room).setLevel(logging.INFO)
