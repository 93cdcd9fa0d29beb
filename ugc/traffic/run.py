"""Puts visitors, tokens and the sender together, with a progress bar."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from contracts.model.loader import Catalog, load_catalog
from ugc.environment import require
from ugc.errors import UgcError
from ugc.local.auth.client import demo_token
from ugc.traffic.applications import headers_for
from ugc.traffic.bad import bad_bodies
from ugc.traffic.repertoire import Repertoire, one_of_each
from ugc.traffic.sender import Tally, newest_versions, send_sessions
from ugc.traffic.visitor import Habits, Step, Visitor
from ugc.wiring import contracts_folder

_USERS = 20
_SIGNED_IN = 0.5


class OtherContractsError(UgcError):
    """The API has other contracts than those that the visits are made from."""


class NothingToSendError(UgcError):
    """The contracts have no event of which a client's request can be made."""


class Traffic:
    """Visitors of one API, made from its contracts; about half of them are signed in."""

    def __init__(self, env: Mapping[str, str], api_url: str, rng: random.Random) -> None:
        """
        Raises:
            OtherContractsError: the API has other contracts than the folder.
            NothingToSendError: a client can send none of them.
            ApiAwayError, AuthServiceError: the API does not answer; no tokens are to be had.
            ContractError: the contracts cannot be loaded.
        """
        folder = contracts_folder(env)
        catalog = load_catalog(folder)
        check_contracts(newest_versions(api_url), catalog, folder)
        self.repertoire = repertoire_of(catalog, folder)
        self._headers_for = partial(headers_for, catalog.applications)
        auth_url = require(env, "AUTH_SERVICE_URL")
        self._url = f"{api_url.rstrip('/')}/api/v1/events"
        self._rng = rng
        self._tokens = [demo_token(auth_url).token for _ in range(_USERS)]
        self._bad = bad_bodies(catalog, folder, self.repertoire, rng)

    def send(
        self, sessions: int, tally: Tally, *, at_once: int, habits: Habits, console: Console
    ) -> None:
        """Sends visits, ``at_once`` of them side by side, and books the answers in ``tally``."""
        visits = [self._visitor(habits).session() for _ in range(sessions)]
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        ) as progress:
            task = progress.add_task("visits", total=sessions)
            send_sessions(
                self._url,
                visits,
                tally,
                at_once=at_once,
                on_session_done=lambda: progress.advance(task),
                headers_for=self._headers_for,
            )

    def one_of_each(self) -> Iterable[tuple[dict[str, object], tuple[str, str] | None]]:
        """A request with each event, and the view that it begins if it does."""
        return one_of_each(self.repertoire, self._rng, self._tokens[0])

    def send_one(self, step: Step, tally: Tally) -> None:
        """Sends one request."""
        send_sessions(
            self._url,
            [[step]],
            tally,
            at_once=1,
            on_session_done=lambda: None,
            headers_for=self._headers_for,
        )

    def _visitor(self, habits: Habits) -> Visitor:
        return Visitor(
            random.Random(self._rng.getrandbits(64)),  # noqa: S311 - visitors need no secrets
            self._rng.choice(self._tokens) if self._rng.random() < _SIGNED_IN else None,
            habits,
            self.repertoire,
            self._bad,
        )


def repertoire_of(catalog: Catalog, folder: Path) -> Repertoire:
    """What can be sent for the contracts of a folder.

    Raises:
        NothingToSendError: nothing can.
    """
    found = Repertoire(catalog, today=dt.datetime.now(dt.UTC).date())
    if found:
        return found
    why = "".join(f"\n  {event}: {reason}" for event, reason in found.left_out.items())
    raise NothingToSendError(
        f"{folder} has no event that a client can send; `ugc contracts new` writes one{why}"
    )


def check_contracts(of_api: Mapping[str, int], catalog: Catalog, folder: Path) -> None:
    """Holds the contracts that an API has (event → newest version) against those in a folder.

    Raises:
        OtherContractsError: they differ.
    """
    here = {contract.event: contract.version for contract in catalog.newest}
    if differing := sorted(event for event, _ in of_api.items() ^ here.items()):
        names = ", ".join(dict.fromkeys(differing))
        raise OtherContractsError(
            f"the API has other contracts than {folder}: they differ in {names};"
            " CONTRACTS_DIR chooses the folder"
        )
