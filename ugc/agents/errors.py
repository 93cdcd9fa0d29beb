"""Errors of the tools for agents; the text goes to the agent, so it says what to do."""

from __future__ import annotations

from ugc.errors import CommandLineError, UgcError


class ToolRefusedError(UgcError):
    """A tool was called with what it does not take."""


class NotLoopbackError(CommandLineError):
    """An address that other machines can reach."""
