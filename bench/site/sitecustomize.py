"""Python imports this by itself when its folder is on the path; see :mod:`bench.sampling`."""

import os
from pathlib import Path

from bench.sampling import start

start(Path(os.environ["BENCH_PROFILE"]))
