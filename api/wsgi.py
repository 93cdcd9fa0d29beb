"""The entry of a WSGI server: ``api.wsgi:create_from_env``, called once in each worker process."""

from __future__ import annotations

import os
from multiprocessing.util import Finalize

from flask import Flask

from api import logs
from api.app import create_app
from api.config import ApiConfig
from api.services import connect


def create_from_env() -> Flask:
    """The application over the parts that the environment names.

    The parts are let go of when the process ends.  That is not left to ``atexit``, which a server
    with worker processes of multiprocessing's (granian) never gets to.

    Raises:
        ConfigError: a variable is missing or malformed.
        ContractError: the contracts cannot be loaded.
    """
    logs.configure()
    config = ApiConfig.from_env(os.environ)
    services = connect(config)
    Finalize(None, services.close, exitpriority=0)
    return create_app(config, services)
