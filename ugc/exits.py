"""Exit codes: which error ends the program with which, for cron, supervisors and Kubernetes.

0   done
1   it failed, and a person has to look
2   the command line is wrong
75  a part did not answer; the same command may be tried again (``EX_TEMPFAIL`` of sysexits.h)
78  a setting is wrong, and trying again does not mend it (``EX_CONFIG`` of sysexits.h)
130 interrupted by Ctrl-C where there is nothing to finish
"""

from __future__ import annotations

FAILED = 1
COMMAND_LINE = 2
TRY_AGAIN = 75
MISCONFIGURED = 78

NEVER_AGAIN = frozenset({COMMAND_LINE, MISCONFIGURED})
"""What a supervisor does not start again: it would end in the same way."""

PLAIN_EPILOG = (
    "Exit codes: 0 done (also when asked to stop); 1 it failed and a person has to look;"
    " 2 the command line is wrong; 78 a setting is wrong; 130 interrupted."
)
"""Of commands that ask no part."""

EPILOG = (
    "Exit codes: 0 done (also when asked to stop); 1 it failed and a person has to look;"
    " 2 the command line is wrong; 75 a part did not answer, so try again; 78 a setting is wrong;"
    " 130 interrupted."
)

CHECK_EPILOG = (
    "Exit codes: 0 it may be merged; 1 it may not, and each mistake is told; 2 the command line is"
    " wrong; 75 the registry did not answer, so try again; 78 there is nothing to compare with, or"
    " a setting is wrong; 130 interrupted."
)
"""Of the checks of contracts: a job can tell a mistake (1) from a set-up that cannot judge."""


def exit_code(error: Exception) -> int:
    """What the program ends with for one of :func:`ugc.errors.expected_errors`."""
    from ch_schema.errors import AddressError, AmbiguousError, RetryableError
    from contracts.errors import NoContractsError, SettingError
    from etl.errors import (
        DeadLettersUnavailableError,
        OlderContractsError,
        RebalancedError,
        SourceUnavailableError,
        StateLostError,
        StoreUnavailableError,
    )
    from registry.errors import RegistryUnavailableError
    from ugc.errors import CommandLineError, MisconfiguredError, PartAwayError

    match error:
        case CommandLineError():
            return COMMAND_LINE
        case (
            AmbiguousError()
            | RetryableError()
            | DeadLettersUnavailableError()
            | OlderContractsError()
            | PartAwayError()
            | RebalancedError()
            | RegistryUnavailableError()
            | SourceUnavailableError()
            | StateLostError()
            | StoreUnavailableError()
        ):
            return TRY_AGAIN
        case AddressError() | NoContractsError() | MisconfiguredError() | SettingError():
            return MISCONFIGURED
        case _:
            return FAILED
