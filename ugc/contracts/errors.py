"""Errors of ``ugc contracts``.

::

    UgcError
    └── ScaffoldError          the files cannot be written as asked
        └── ScaffoldTextError  (a CommandLineError too) nothing can be made of names and options
"""

from __future__ import annotations

from ugc.errors import CommandLineError, UgcError


class ScaffoldError(UgcError):
    """The files cannot be written as asked; nothing was written."""


class ScaffoldTextError(ScaffoldError, CommandLineError):
    """Names and options from which no contract can be made."""
