"""ClickHouse's HTTP interface in front of an :class:`~ch_schema.client.embedded.Engine`.

Source: https://clickhouse.com/docs/interfaces/http and, for the statuses, ClickHouse's
``src/Server/HTTP/exceptionCodeToHTTPStatus.cpp``.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from http import HTTPStatus

import lz4.frame
from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from ch_schema.client.embedded import Engine
from ch_schema.errors import ClickHouseError, RefusedError

DEFAULT_FORMAT = "TabSeparated"

# Understood by ClickHouse's HTTP handler itself, and without a meaning here: one user, one
# process, answers that are complete before the first byte is sent, and a session of its own for
# each statement.  A client may ask for compressed answers, and takes others (RFC 9110, 12.5.3).
_IGNORED_PARAMETERS = frozenset(
    {
        *("user", "password", "quota_key", "query_id", "role", "stacktrace"),
        *("session_id", "session_timeout", "session_check", "close_session"),
        *("wait_end_of_query", "buffer_size", "client_protocol_version"),
        *("enable_http_compression", "http_zlib_compression_level"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
        "cancel_http_readonly_queries_on_client_close",
    }
)
_PACKED_BLOCKS = ("compress", "decompress")
_PARAMETER_PREFIX = "param_"
_READ_ONLY = {"readonly": 2}  # forbids writes, allows settings

_CANNOT_READ_ALL_DATA = 33
_NOT_IMPLEMENTED = 48
_EMPTY_QUERY = 62
_INFLATE_FAILED = 354

_STATUS_OF_CODE: Mapping[int | None, HTTPStatus] = {
    **dict.fromkeys(
        # BAD_ARGUMENTS, what cannot be parsed or does not fit, SYNTAX_ERROR, TYPE_MISMATCH
        (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376),
        HTTPStatus.BAD_REQUEST,
    ),
    **dict.fromkeys((427, 441, 675, 676), HTTPStatus.BAD_REQUEST),
    # A body that is not what its headers say
    **dict.fromkeys((_CANNOT_READ_ALL_DATA, _INFLATE_FAILED), HTTPStatus.BAD_REQUEST),
    # Something unknown: a function, identifier, type, storage, table, format, database, setting
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511), HTTPStatus.NOT_FOUND),
    _NOT_IMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    159: HTTPStatus.REQUEST_TIMEOUT,
    **dict.fromkeys((76, 209, 439), HTTPStatus.SERVICE_UNAVAILABLE),
    229: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}

_BINARY_INSERT = re.compile(r"(INSERT\s.+?)\s+FORMAT\s+(Native|RowBinary\w*)\s*", re.I | re.S)
"""A statement whose data, in the body, is no text that the engine may look through for its end."""


def create_app(engine: Engine) -> Flask:
    """The application; it does not close the engine."""
    app = Flask(__name__)

    @app.get("/ping")
    def ping() -> Response:
        return _text(b"Ok.\n")

    @app.route("/", methods=["GET", "POST"])
    def statement() -> Response:
        if request.method != "POST" and "query" not in request.args:
            return _text(b"Ok.\n")
        return _text(_answer(engine, request))

    @app.errorhandler(ClickHouseError)
    def refuse(error: ClickHouseError) -> Response:
        status = _STATUS_OF_CODE.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR)
        response = _text(f"{error.text}\n".encode(), status)
        if error.code is not None:
            response.headers["X-ClickHouse-Exception-Code"] = str(error.code)
        return response

    @app.errorhandler(HTTPException)
    def no_handle(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        return _text(f"{error.description}\n".encode(), status)

    return app


def _text(body: bytes, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(body, status, content_type="text/plain; charset=UTF-8")


def _answer(engine: Engine, request: Request) -> bytes:
    arguments = request.args.to_dict()
    # As ClickHouse does it: the statement may be in the parameter, in the body, or in both.
    head = arguments.pop("query", "").encode()
    body = _body(request)
    statement = b"\n".join(part for part in (head, body) if part)
    if not statement.strip():
        raise RefusedError("Code: 62. DB::Exception: Empty query. (SYNTAX_ERROR)", _EMPTY_QUERY)
    fmt = arguments.pop("default_format", DEFAULT_FORMAT)
    database = arguments.pop("database", None)
    parameters = {
        name.removeprefix(_PARAMETER_PREFIX): arguments.pop(name)
        for name in list(arguments)
        if name.startswith(_PARAMETER_PREFIX)
    }
    for name in _PACKED_BLOCKS:
        if arguments.pop(name, "0") not in ("", "0", "false"):
            raise RefusedError(f"no {name} here, only Content-Encoding", _NOT_IMPLEMENTED)
    settings: dict[str, str | int] = {
        name: value for name, value in arguments.items() if name not in _IGNORED_PARAMETERS
    }
    if request.method != "POST":
        settings |= _READ_ONLY
    if body and not parameters and (found := _BINARY_INSERT.fullmatch(head.decode())):
        into, data_format = found.groups()
        engine.insert(into, data_format, body, database=database, settings=settings)
        return b""
    return engine.run(
        statement, fmt, writes=True, database=database, settings=settings, parameters=parameters
    )


def _body(request: Request) -> bytes:
    """The body, unpacked, and whole: part of an INSERT must not be taken for all of it."""
    body = request.get_data(cache=False)
    if request.content_length not in (None, len(body)):
        raise RefusedError("the body is shorter than its Content-Length", _CANNOT_READ_ALL_DATA)
    match request.headers.get("Content-Encoding", "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip":
            try:
                return gzip.decompress(body)
            except (OSError, EOFError, zlib.error) as error:
                raise RefusedError(f"the body is not gzip: {error}", _INFLATE_FAILED) from error
        case "lz4":
            try:
                unpacked: bytes = lz4.frame.decompress(body)
            except (RuntimeError, EOFError) as error:
                raise RefusedError(f"the body is not lz4: {error}", _INFLATE_FAILED) from error
            return unpacked
        case other:
            raise RefusedError(f"no Content-Encoding {other}, only gzip and lz4", _NOT_IMPLEMENTED)
