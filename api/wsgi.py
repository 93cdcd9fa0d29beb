"""The entries of servers, called once in each worker process.

``api.wsgi:create_front_from_env`` is for granian and bounds slow senders; ``create_from_env`` is
for any WSGI server that bounds them itself, or stands behind a proxy that does.
"""

from __future__ import annotations

import os
from multiprocessing.util import Finalize

from flask import Flask

from api import paths
from api.app import create_app
from api.config import ApiConfig
from api.http.front import Front
from api.services import connect
from api.telemetry import logs


def create_front_from_env() -> Front:
    """The application behind granian's RSGI, over the parts that the environment names.

    Raises:
        ConfigError: a variable is missing or malformed.
        ContractError: the contracts cannot be loaded.
    """
    config = _configured()
    return Front(
        _application(config).wsgi_app,
        body_limits={
            paths.EVENTS: config.body_limit_bytes,
            paths.VALIDATE: config.body_limit_bytes,
            paths.BATCH: config.batch.body_bytes,
        },
        timeout_seconds=config.body_timeout_seconds,
        threads=config.threads,
    )


def create_from_env() -> Flask:
    """The application over the parts that the environment names.

    Raises:
        ConfigError: a variable is missing or malformed.
        ContractError: the contracts cannot be loaded.
    """
    return _application(_configured())


def _configured() -> ApiConfig:
    logs.configure()
    return ApiConfig.from_env(os.environ)


def _application(config: ApiConfig) -> Flask:
    """The parts are let go of when the process ends.

    That is not left to ``atexit``, which a server with worker processes of multiprocessing's
    (granian) never gets to.
    """
    services = connect(config)
    Finalize(None, services.close, exitpriority=0)
    return create_app(config, services)
