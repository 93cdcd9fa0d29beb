"""Errors of the local stack.

::

    StackError
    ├── SettingsError          the configuration or a variable is wrong
    │   └── PortTakenError     a port that was asked for is in use
    ├── PartMissingError       the server of a part is not installed
    ├── AlreadyRunningError    another stack runs on the same folder
    ├── StateFolderError       the state folder cannot be used
    ├── PartStateError         a part is (not) running, and should not (should) be
    ├── PartFailedError        a part ended or never became ready
    │   └── PartMisconfiguredError   … with an exit code that says that a setting is wrong
    └── StoppedError           a wait was given up because somebody asked the stack to stop
"""

from __future__ import annotations

from ugc.errors import MisconfiguredError, UgcError


class StackError(UgcError):
    """The local stack cannot run; the text says what to do."""


class SettingsError(StackError, MisconfiguredError):
    """The configuration or an environment variable is wrong; the text names it."""


class PortTakenError(SettingsError):
    """A port that was asked for is in use."""


class PartMissingError(StackError):
    """The server of a part is not installed."""


class AlreadyRunningError(StackError):
    """Another stack runs on the same folder."""


class StateFolderError(StackError):
    """The state folder cannot be made, read or written."""


class PartStateError(StackError):
    """A part runs already, or does not run."""


class PartFailedError(StackError):
    """A part ended or never became ready; the text ends with the last lines of its log."""


class PartMisconfiguredError(PartFailedError, MisconfiguredError):
    """A part ended, and would end in the same way again: its settings are wrong."""


class StoppedError(StackError):
    """The stack was asked to stop while it waited for a part."""
