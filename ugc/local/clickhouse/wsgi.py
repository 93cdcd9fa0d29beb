"""The server as a WSGI server starts it, with one process (the folder has one owner)."""

from __future__ import annotations

import os
from multiprocessing.util import Finalize

from flask import Flask

from ch_schema.client.embedded import Engine
from ch_schema.errors import AddressError
from contracts.settings import Settings
from ugc.local.clickhouse.app import create_app

DATA_DIR_VARIABLE = "CLICKHOUSE_DATA_DIR"


def create_from_env() -> Flask:
    """The application on the folder that ``CLICKHOUSE_DATA_DIR`` names, closed at exit.

    Raises:
        AddressError: the variable is not set, or the folder cannot be used.
        RetryableError: another process has the folder open.
    """
    folder = Settings(os.environ).path(DATA_DIR_VARIABLE)
    if folder is None:
        raise AddressError(f"{DATA_DIR_VARIABLE} is not set: name the folder that holds the data")
    engine = Engine(folder)
    # A WSGI server's worker is a multiprocessing child, which leaves without atexit.
    Finalize(None, engine.close, exitpriority=0)
    return create_app(engine)
