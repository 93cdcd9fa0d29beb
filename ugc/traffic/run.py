"""Puts visitors, tokens and the sender together, with a progress bar."""

from __future__ import annotations

import random
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from contracts.model.loader import default_folder
from ugc.environment import require
from ugc.local.auth.client import demo_token
from ugc.traffic.bad import bad_bodies
from ugc.traffic.sender import Tally, send_sessions
from ugc.traffic.sessions import Habits, Visitor
from ugc.wiring import catalog_from

_USERS = 20
_SIGNED_IN = 0.5


def send_visits(
    env: Mapping[str, str],
    api_url: str,
    *,
    rng: random.Random,
    sessions: int,
    at_once: int,
    console: Console,
    tally: Tally | None = None,
    habits: Habits | None = None,
) -> Tally:
    """Sends ``sessions`` visits, about half of them by signed-in users, and returns the tally.

    Raises:
        AuthServiceError: no tokens are to be had.
    """
    tally = tally or Tally()
    auth_url = require(env, "AUTH_SERVICE_URL")
    tokens = [demo_token(auth_url).token for _ in range(_USERS)]
    bad = bad_bodies(catalog_from(env), default_folder())
    visitors = [
        Visitor(
            random.Random(rng.getrandbits(64)),  # noqa: S311 - visitors need no secrets
            rng.choice(tokens) if rng.random() < _SIGNED_IN else None,
            habits or Habits(),
            bad,
        )
        for _ in range(sessions)
    ]
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("visits", total=sessions)
        send_sessions(
            f"{api_url.rstrip('/')}/api/v1/events",
            [visitor.session() for visitor in visitors],
            tally,
            at_once=at_once,
            on_session_done=lambda: progress.advance(task),
        )
    return tally
