"""Charges processor time to lines of calls, inside of the process that is looked at.

``bench/site/sitecustomize.py`` starts it in every Python process that has it on its path and
``BENCH_PROFILE`` in its environment; a worker that is forked starts its own.  A thread looks every
millisecond: what another thread used of the processor since the last look is charged to where it
is.  What a process does before it serves or loads is left out.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

_HERE = f"{Path.cwd()}/"
_EVERY_SECONDS = 0.001
_WRITE_SECONDS = 1.0
_SWITCH_SECONDS = 0.0002
"""The running thread gives way so soon, or only threads that wait anyway would be seen."""


_STARTING = (
    "<frozen importlib",
    "api/wsgi.py:create_front_from_env",
    "etl/app.py:connect",
    "ch_schema/migrate/run.py:ensure_tables",
)
"""Beginnings of functions that are called once, before the work."""


def start(folder: Path) -> None:
    """Begins in this process, and in each that is forked from it."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    _begin(folder)
    os.register_at_fork(after_in_child=lambda: _begin(folder))


def _begin(folder: Path) -> None:
    threading.Thread(target=_look, args=(folder,), name="sampling", daemon=True).start()


def _look(folder: Path) -> None:
    # Away from the core of what is looked at, or it would be seen only where it waits.
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {0} or {0})
    own = threading.get_ident()
    used: dict[int, float] = {}
    alone: Counter[str] = Counter()
    below: Counter[str] = Counter()
    written = time.monotonic()
    while True:
        time.sleep(_EVERY_SECONDS)
        for ident, frame in sys._current_frames().items():
            try:
                spent = time.clock_gettime(time.pthread_getcpuclockid(ident))
            except OSError:  # it ended meanwhile
                continue
            share = spent - used.get(ident, spent)
            used[ident] = spent
            if share > 0 and ident != own:
                names = list(dict.fromkeys(_names(frame)))
                if any(name.startswith(_STARTING) for name in names):
                    continue
                alone[names[0]] += share
                below.update(dict.fromkeys(names, share))
        if time.monotonic() - written > _WRITE_SECONDS:
            written = time.monotonic()
            own_spent = time.thread_time()
            found = {"alone": alone, "below": below, "sampling": own_spent}
            temporary = folder / f"{os.getpid()}.tmp"
            temporary.write_text(json.dumps(found))
            temporary.rename(folder / f"{os.getpid()}.json")


def _names(frame: FrameType | None) -> list[str]:
    """Functions, innermost first."""
    found = []
    while frame is not None:
        code = frame.f_code
        place = code.co_filename.rpartition("site-packages/")[2]
        place = place.rpartition("/lib/python3.11/")[2].removeprefix(_HERE)
        found.append(f"{place}:{code.co_qualname}")
        frame = frame.f_back
    return found
