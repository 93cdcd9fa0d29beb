"""The demo of the contracts that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from flask import Blueprint

from contracts.model.loader import default_folder
from contracts.settings import Settings
from ugc.local.auth.client import demo_token
from ugc.local.demo.files import demo_files
from ugc.local.demo.routes import blueprint


def demo_from(env: Mapping[str, str], tracker: Callable[[], str]) -> Sequence[Blueprint]:
    """The demo of the contracts in CONTRACTS_DIR; tokens are those of AUTH_SERVICE_URL.

    ``tracker`` gives the script of the tracker.

    Raises:
        SettingError: AUTH_SERVICE_URL is missing or malformed.
    """
    read = Settings(env)
    found = demo_files(read.path("CONTRACTS_DIR") or default_folder())
    if not found:
        return ()
    issue = partial(demo_token, read.http_url("AUTH_SERVICE_URL"))
    return (blueprint(found, tracker(), issue),)
