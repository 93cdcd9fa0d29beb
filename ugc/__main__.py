"""``python -m ugc`` is the ``ugc`` command."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts the working folder before everything else; it may hold a package ``api``.
    if not sys.flags.safe_path and Path(sys.path[0]) != Path(__file__).parents[1]:
        del sys.path[0]
    from ugc.cli import main

    main()
