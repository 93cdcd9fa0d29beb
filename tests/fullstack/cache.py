"""Where the parts are that ``tests/fullstack/install`` has fetched; a missing one is told."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

PARTS = Path(__file__).with_name("parts")


def cached(name: str, file: str) -> Path:
    """The folder of a part, whose version is what ``parts/<file>`` says.

    A missing part skips the test; under ``CI`` it fails it.
    """
    digest = hashlib.sha256((PARTS / file).read_bytes()).hexdigest()[:12]
    folder = _cache() / f"{name}-{digest}"
    if not folder.is_dir():
        missing(f"{name} is not installed: run tests/fullstack/install")
    return folder


def program(name: str) -> str:
    """The path of a program; missing ones as in :func:`cached`."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed: run tests/fullstack/install, or install it")
    return found


def missing(text: str) -> NoReturn:
    """Ends the test that cannot run: a failure in CI, else a skip that pytest lists."""
    if os.environ.get("CI"):
        pytest.fail(f"MISSING PART: {text}")
    pytest.skip(f"MISSING PART: {text}")


def _cache() -> Path:
    if chosen := os.environ.get("UGC_FULLSTACK_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ugc-events"
