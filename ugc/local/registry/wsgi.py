"""The entry of a WSGI server: ``ugc.local.registry.wsgi:create_from_env``."""

from __future__ import annotations

import os
from multiprocessing.util import Finalize

from flask import Flask

from contracts.settings import Settings
from registry.errors import SchemaStoreError
from ugc.local.registry.app import create_app
from ugc.local.registry.store import SchemaStore

DATA_DIR_VARIABLE = "REGISTRY_DATA_DIR"


def create_from_env() -> Flask:
    """The application on the folder that ``REGISTRY_DATA_DIR`` names, closed at exit.

    Raises:
        SchemaStoreError: the variable is not set, or the folder cannot be used.
    """
    folder = Settings(os.environ).path(DATA_DIR_VARIABLE)
    if folder is None:
        text = f"{DATA_DIR_VARIABLE} is not set: name the folder that keeps the schemas"
        raise SchemaStoreError(text)
    store = SchemaStore(folder)
    # A WSGI server's worker is a multiprocessing child, which leaves without atexit.
    Finalize(None, store.close, exitpriority=0)
    return create_app(store)
