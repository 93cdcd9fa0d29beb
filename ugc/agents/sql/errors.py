"""Errors of questions; the text goes to whoever asks, so it says what to do."""

from __future__ import annotations

from ugc.errors import UgcError


class QueryRefusedError(UgcError):
    """A query that is not sent to ClickHouse, or that it refuses."""
