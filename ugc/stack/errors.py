"""Errors of the local stack."""

from __future__ import annotations

from ugc.errors import UgcError


class StackError(UgcError):
    """The local stack cannot run; the text says what to do."""


class PortTakenError(StackError):
    """A port that was asked for is in use."""


class AlreadyRunningError(StackError):
    """Another stack runs on the same folder."""


class PartFailedError(StackError):
    """A part ended or never became ready; the text ends with the last lines of its log."""
