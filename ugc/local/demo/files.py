"""Which files a demo consists of. Reads no file's text.

::

    contracts/demo/index.html     /demo
    contracts/demo/look.css       /demo/look.css
    contracts/demo/parts/a.js     /demo/parts/a.js
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOLDER = "demo"
INDEX = "index.html"
TRACKER = "tracker.js"
"""The name under which a demo loads the tracker; no file of its own."""

MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""What a demo may hold; a file of any other kind is not served."""


def demo_files(contracts_dir: Path) -> Mapping[str, Path]:
    """Name below ``/demo/`` → its file; nothing where these contracts have no demo.

    Hidden files and links that lead out of the folder are left out.
    """
    folder = (contracts_dir / FOLDER).resolve()
    if not (folder / INDEX).is_file():
        return {}
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES
        and path.is_file()
        and path.resolve().is_relative_to(folder)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
