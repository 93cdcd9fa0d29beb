"""One HTTP request. urllib knows proxies and certificates as the system has them."""

from __future__ import annotations

import email.message
import gzip
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO, Protocol

from ugc.sdk.python.core.answers import NO_ANSWER, Answer

_COMPRESSED_FROM_BYTES = 1024
_MOST_BODY_BYTES = 16 * 2**20


class Send(Protocol):
    """Sends a body with POST. Whatever goes wrong on the way is an answer of status 0."""

    def __call__(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> Answer: ...


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would follow with a GET, which stores nothing."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def send(url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
    """See :class:`Send`; the body is compressed when that is worth it."""
    more = dict(headers)
    if len(body) >= _COMPRESSED_FROM_BYTES:
        body = gzip.compress(body, compresslevel=6)
        more["Content-Encoding"] = "gzip"
    request = urllib.request.Request(url, body, more, method="POST")  # noqa: S310 - checked
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=timeout_seconds) as answer:
            return _answer(answer.status, answer.headers, answer.read(_MOST_BODY_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error.read(_MOST_BODY_BYTES))
    except (OSError, http.client.HTTPException) as error:
        return Answer(NO_ANSWER, body=str(error).encode())


def _answer(status: int, headers: email.message.Message, body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)
