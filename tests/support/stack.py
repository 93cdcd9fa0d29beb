"""What end-to-end tests do with a running stack: send, load, query, and run ``ugc`` commands."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from ugc.local.stack import PartName, Stack

NO_SCHEDULE = frozenset(PartName) - {PartName.ETL}
COMMAND_SECONDS = 90


def free_ports() -> dict[PartName, int]:
    return dict.fromkeys(PartName, 0)


@dataclass(frozen=True)
class Running:
    """A running stack."""

    stack: Stack

    @property
    def api(self) -> str:
        return self.stack.urls[PartName.API]

    def post(self, body: Any, *, path: str = "/api/v1/events", **headers: str) -> httpx2.Response:
        """Sends one event; ``body`` is JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        all_headers = {"Content-Type": "application/json", **headers}
        return httpx2.post(f"{self.api}{path}", content=content, headers=all_headers, timeout=20)

    def accept(self, event: str, data: Mapping[str, Any], **envelope: Any) -> uuid.UUID:
        """Sends one event that has to be accepted; returns its id."""
        answer = self.post({"event": event, "token": None, "data": data, **envelope})
        assert answer.status_code == 202, answer.text
        return uuid.UUID(answer.json()["event_id"])

    def ugc(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> str:
        """Runs a ``ugc`` command, by default in the stack's environment; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "ugc", *arguments],
            env=dict(self.stack.env if env is None else env),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def load(self) -> dict[str, Any]:
        """One run of the loader; returns its report."""
        report: dict[str, Any] = json.loads(self.ugc("etl", "run", "--json").splitlines()[-1])
        return report

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, as JSON."""
        text = self.ugc("sql", query, "--format", "JSONEachRow")
        return [json.loads(line) for line in text.splitlines()]
