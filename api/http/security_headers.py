"""What browsers are told to refuse, on every answer. Pure.

``Strict-Transport-Security`` is not among it: it belongs to who ends TLS, a proxy before this
process, and browsers ignore it on the plain HTTP that is spoken here (RFC 6797, 8.1).
"""

from __future__ import annotations

from collections.abc import Mapping

from api import paths

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # For what is no page: were it shown as one, it could load and run nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# The answer to a beacon is fetched without CORS: with same-origin a browser would call a beacon
# from another origin failed. Whether a page may read an answer is for CORS to say.
_API = {**_ALWAYS, "Cross-Origin-Resource-Policy": "cross-origin"}

# The pages of the documentation: files of this process alone, and nothing written in the page.
# The style sheet of Swagger UI holds its icons as data:.
_PAGE = {
    **_ALWAYS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}

_PAGES = frozenset({paths.START, paths.DOCS, paths.REASONS, paths.DEBUG, f"{paths.DEMO}/"})


def headers_for(path: str) -> Mapping[str, str]:
    """The headers of an answer to a request for ``path``, errors included."""
    if path.startswith(paths.API):
        return _API
    is_page = path in _PAGES or path.startswith(f"{paths.CATALOG}/")
    return _PAGE if is_page else _ALWAYS
