"""The API of a local stack: that of a deployment, with the demo of its contracts.

The entry of granian is ``ugc.local.demo.wsgi:create_front_from_env``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial

from flask import Blueprint

from api import wsgi
from api.http.rsgi import RsgiBridge
from contracts.model.loader import default_folder
from contracts.project import with_project
from contracts.settings import Settings
from ugc.local.auth.client import demo_token
from ugc.local.demo.files import demo_files, tracker_script
from ugc.local.demo.routes import blueprint


def create_front_from_env() -> RsgiBridge:
    """The API over the parts that the environment names, and the demo where there is one.

    Raises:
        SettingError, ContractError: as :func:`api.wsgi.create_front_from_env`.
    """
    return wsgi.create_front_from_env(more=demo_from(with_project(os.environ)))


def demo_from(env: Mapping[str, str]) -> Sequence[Blueprint]:
    """The demo of the contracts in CONTRACTS_DIR; tokens are those of AUTH_SERVICE_URL.

    Raises:
        SettingError: AUTH_SERVICE_URL is missing or malformed.
    """
    read = Settings(env)
    found = demo_files(read.path("CONTRACTS_DIR") or default_folder())
    if not found:
        return ()
    issue = partial(demo_token, read.http_url("AUTH_SERVICE_URL"))
    return (blueprint(found, tracker_script(), issue),)
