"""``python -m ugc`` is the ``ugc`` command."""

from __future__ import annotations

from ugc.cli import main

if __name__ == "__main__":
    main()
