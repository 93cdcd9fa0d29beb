"""Exit codes of commands that cron and Kubernetes run.

0   done
1   it failed, and a person has to look
2   the command line is wrong
75  a part did not answer; the same command may be tried again (``EX_TEMPFAIL`` of sysexits.h)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ugc.terminal import say

TRY_AGAIN = 75

EPILOG = (
    "Exit codes: 0 done (also when asked to stop); 1 it failed and a person has to look;"
    " 2 the command line is wrong; 75 a part did not answer, so try again."
)

PLAIN_EPILOG = (
    "Exit codes: 0 done (also when asked to stop); 1 it failed and a person has to look;"
    " 2 the command line is wrong."
)
"""Of commands that nobody tries again by a clock."""


@contextmanager
def try_again_later() -> Iterator[None]:
    """Ends the program with 75 for errors that go away by themselves."""
    from ch_schema.errors import AmbiguousError, RetryableError
    from etl.errors import (
        DeadLettersUnavailableError,
        OlderContractsError,
        RebalancedError,
        SourceUnavailableError,
        StateLostError,
        StoreUnavailableError,
    )
    from registry.errors import RegistryUnavailableError

    try:
        yield
    except (
        AmbiguousError,
        RetryableError,
        DeadLettersUnavailableError,
        OlderContractsError,
        RebalancedError,
        SourceUnavailableError,
        StateLostError,
        StoreUnavailableError,
        RegistryUnavailableError,
    ) as error:
        say(f"ugc: {error}", err=True)
        raise click.exceptions.Exit(TRY_AGAIN) from error
