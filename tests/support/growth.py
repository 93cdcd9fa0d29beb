"""How the processor's work grows with the input, whatever else the machine does."""

from __future__ import annotations

import time
from collections.abc import Callable

FACTOR = 16
AT_MOST = 5 * FACTOR
"""Work that is linear grows 16 times, work that is quadratic 256 times."""

_TIMES = 5

Work = Callable[[], object]


def growth(prepare: Callable[[int], Work], small: int) -> float:
    """How many times more processor time this thread needs for ``FACTOR`` times the input.

    Of several tries the quickest counts, since others on the machine only ever add to it.

    Args:
        prepare: makes an input of a size and gives the work on it, which alone is timed.
        small: the size of the smaller input, some milliseconds of work.
    """
    prepare(small)()  # what is only made once
    few, many = prepare(small), prepare(FACTOR * small)
    return _seconds(many) / max(_seconds(few), 1e-5)


def _seconds(work: Work) -> float:
    found = []
    for _ in range(_TIMES):
        began = time.thread_time()
        work()
        found.append(time.thread_time() - began)
    return min(found)
