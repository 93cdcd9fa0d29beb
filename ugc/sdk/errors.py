"""Errors of making a package."""

from __future__ import annotations

from ugc.errors import CommandLineError, UgcError


class SdkError(UgcError):
    """A package cannot be made, or not be written; nothing of what was there is lost."""


class NoLanguageError(CommandLineError):
    """No language was chosen, or too many for one folder."""
