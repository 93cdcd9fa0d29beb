"""Puts visitors, tokens and the sender together, with a progress bar."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from contracts.model.loader import Catalog, load_catalog
from ugc.environment import require
from ugc.errors import UgcError
from ugc.local.auth.client import demo_token
from ugc.traffic.bad import bad_bodies
from ugc.traffic.sender import Tally, newest_versions, send_sessions
from ugc.traffic.sessions import EVENTS, Habits, Visitor
from ugc.wiring import contracts_folder

_USERS = 20


class OtherContractsError(UgcError):
    """The API has other contracts than those that the visits are made from."""


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
        OtherContractsError: the API has other contracts, or none of the visits' events.
        ApiAwayError, AuthServiceError: the API does not answer; no tokens are to be had.
        ContractError: the contracts cannot be loaded.
    """
    tally = tally or Tally()
    folder = contracts_folder(env)
    catalog = load_catalog(folder)
    check_contracts(newest_versions(api_url), catalog, folder)
    auth_url = require(env, "AUTH_SERVICE_URL")
    tokens = [demo_token(auth_url).token for _ in range(_USERS)]
    bad = bad_bodies(catalog, folder)
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


def check_contracts(of_api: Mapping[str, int], catalog: Catalog, folder: Path) -> None:
    """Holds the contracts that an API has (event → newest version) against those in a folder.

    Raises:
        OtherContractsError: they differ, or lack an event of the visits.
    """
    here = {contract.event: contract.version for contract in catalog.newest}
    if differing := sorted(event for event, _ in of_api.items() ^ here.items()):
        names = ", ".join(dict.fromkeys(differing))
        raise OtherContractsError(
            f"the API has other contracts than {folder}: they differ in {names};"
            " CONTRACTS_DIR chooses the folder"
        )
    if missing := sorted(EVENTS - here.keys()):
        raise OtherContractsError(
            f"the visits are those of an online cinema, and {folder}, like the API, has no contract"
            f" for {', '.join(missing)}; nothing was sent"
        )
