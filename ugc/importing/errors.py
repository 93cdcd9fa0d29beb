"""Errors of the import."""

from __future__ import annotations

from ugc.errors import UgcError


class PlanError(UgcError):
    """The contracts of a plan cannot be written."""


class TooLargeError(UgcError):
    """An event goes beyond what one event may cost; the text says which bound it was."""


class TooSlowError(UgcError):
    """An event takes longer than one event may."""
