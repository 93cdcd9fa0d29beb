"""The entries of servers, called once in each worker process.

``api.wsgi:create_front_from_env`` is for granian and bounds slow senders; ``create_from_env`` is
for any WSGI server that bounds them itself, or stands behind a proxy that does.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.util import Finalize

from flask import Blueprint, Flask

from api import paths
from api.app import create_app
from api.config import ApiConfig
from api.debug.listening import Listening
from api.http.express import Express
from api.http.lanes import Lane, Queueing
from api.http.rsgi import RsgiBridge
from api.model import Pages
from api.services import Services, connect
from api.telemetry import logs
from contracts.model.loader import Catalog
from contracts.project import with_project

_HEALTH_THREADS = 2
"""Whoever watches the API is answered however many events wait."""

_THREADS_PER_BATCH = 16
"""A batch is some hundred events of work, which threads of one interpreter do in turn: more of them
at a time would all be answered late, and keep the event loop, single events and the thread that
hears from Kafka waiting: it asks for the interpreter once for each record."""

_EVENTS_PER_REQUEST = 32
"""Where a request may wait, so many events of batches may."""


MakePages = Callable[[Catalog], Pages]

_NEW_OBJECTS = 10_000
"""So many more than have gone make it worth a look for circles; by default 700, some ten events."""


def create_front_from_env(
    *,
    has_express: bool = True,
    make_pages: MakePages | None = None,
    more: Sequence[Blueprint] = (),
) -> RsgiBridge:
    """The application behind granian's RSGI, over the parts that the environment names.

    Without ``has_express`` all events go to the application, for a comparison.  ``make_pages``
    gives the pages of the events; ``more`` routes are those of a local stack.

    Raises:
        SettingError: a variable is missing or malformed.
        ContractError: the contracts cannot be loaded.
    """
    config = _configured()
    services = _connected(config)

    def lane(name: str, threads: int, queueing: Queueing = config.queueing) -> Lane:
        return Lane(name, threads=threads, queueing=queueing, instrumentation=services.metrics)

    health = lane("health", _HEALTH_THREADS)
    return RsgiBridge(
        create_app(config, services, _pages(services, make_pages), more).wsgi_app,
        body_limits={
            paths.EVENTS: config.body_limit_bytes,
            paths.VALIDATE: config.body_limit_bytes,
            paths.BATCH: config.batch.body_bytes,
        },
        timeout_seconds=config.body_timeout_seconds,
        lane=lane("request", config.threads),
        lanes={
            paths.BATCH: lane(
                "batch",
                max(1, config.threads // _THREADS_PER_BATCH),
                replace(config.queueing, requests=config.queueing.requests * _EVENTS_PER_REQUEST),
            ),
            paths.LIVE: health,
            paths.READY: health,
            paths.METRICS: health,
        },
        express=_express(config, services) if has_express else None,
        streams=None if services.debugger is None else Listening(services.debugger),
        make_id=services.make_id,
    )


def _express(config: ApiConfig, services: Services) -> Express | None:
    """``None`` with a rate limit: whoever sends too much is told so before anything is read."""
    if services.rate_limit is not None:
        return None
    return Express(
        services.pipeline,
        services.seen,
        counts=services.metrics,
        cors=config.cors,
        make_id=services.make_id,
        body_limit_bytes=config.body_limit_bytes,
        reports=services.reports,
        door=services.door,
        observer=None if services.debugger is None else services.debugger.recorder,
    )


def create_from_env(*, make_pages: MakePages | None = None) -> Flask:
    """The application over the parts that the environment names; ``make_pages`` as above.

    Raises:
        SettingError: a variable is missing or malformed.
        ContractError: the contracts cannot be loaded.
    """
    config = _configured()
    services = _connected(config)
    return create_app(config, services, _pages(services, make_pages))


def _pages(services: Services, make_pages: MakePages | None) -> Pages | None:
    return None if make_pages is None else make_pages(services.catalog)


def _configured() -> ApiConfig:
    logs.configure()
    return ApiConfig.from_env(with_project(os.environ))


def _connected(config: ApiConfig) -> Services:
    """The parts, which are let go of when the process ends.

    That is not left to ``atexit``, which a server with worker processes of multiprocessing's
    (granian) never gets to.
    """
    services = connect(config)
    Finalize(None, services.close, exitpriority=0)
    # Contracts and code live as long as the process; a look for circles need not pass over them.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    return services
