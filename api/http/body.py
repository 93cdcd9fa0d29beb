"""Reading and judging a request's body before anything is parsed. Pure over a byte stream.

The body is read here and not by Flask: a chunked body above Flask's ``MAX_CONTENT_LENGTH`` is cut
at the limit without an error, so half an event would be parsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from api.errors import CodecError, Rejection, too_large
from api.http.codecs import ACCEPT_ENCODING, CODECS
from contracts.reasons import Reason

MEDIA_TYPES = ("application/json", "text/plain")
"""``text/plain`` is what ``navigator.sendBeacon`` says when it is given a string."""

_UTF_8 = frozenset({"", "utf-8", "utf8"})


class ByteStream(Protocol):
    """A WSGI input stream. ``read`` may give less than asked for; nothing means the end."""

    def read(self, size: int, /) -> bytes: ...


def check_headers(
    *, media_type: str, charset: str, content_encoding: str, accepted: Sequence[str] = MEDIA_TYPES
) -> None:
    """Checks what the headers say of the body. All names in lower case, empty when absent.

    Raises:
        Rejection: ``MEDIA_TYPE_UNSUPPORTED`` or ``ENCODING_UNSUPPORTED``.
    """
    if media_type not in accepted:
        raise Rejection(
            Reason.MEDIA_TYPE_UNSUPPORTED,
            f"the Content-Type must be {' or '.join(accepted)}",
        )
    if charset not in _UTF_8:
        raise Rejection(Reason.ENCODING_UNSUPPORTED, "the charset of the body must be utf-8")
    if content_encoding not in ("", "identity", *CODECS):
        raise Rejection(
            Reason.ENCODING_UNSUPPORTED,
            f"the Content-Encoding must be {' or '.join(CODECS)}, or left out",
            headers={"Accept-Encoding": ACCEPT_ENCODING},
        )


def read_body(stream: ByteStream, *, content_length: int | None, limit_bytes: int) -> bytes:
    """The whole body; never more than one byte above the limit is taken from the stream.

    Args:
        stream: the rest of the request.
        content_length: what the header says; ``None`` for a chunked body.
        limit_bytes: the longest body that is accepted.

    Raises:
        Rejection: ``BODY_TOO_LARGE``, or ``LENGTH_INVALID`` when the body is shorter than
        announced.
    """
    if content_length is not None and content_length > limit_bytes:
        raise too_large(limit_bytes)
    wanted = limit_bytes + 1 if content_length is None else content_length
    body = bytearray()
    while len(body) < wanted and (piece := stream.read(wanted - len(body))):
        body += piece
    if len(body) > limit_bytes:
        raise too_large(limit_bytes)
    if content_length is not None and len(body) < content_length:
        detail = f"the body ended after {len(body)} of {content_length} bytes"
        raise Rejection(Reason.LENGTH_INVALID, detail)
    return bytes(body)


def decompress(body: bytes, *, content_encoding: str, limit_bytes: int) -> bytes:
    """The body as it was before it was compressed; little more than the limit is ever made.

    Raises:
        Rejection: ``BODY_TOO_LARGE``, or ``REQUEST_INVALID`` when it is not one whole stream of the
            encoding it claims.
    """
    codec = CODECS.get(content_encoding)
    if codec is None:
        return body
    try:
        plain = codec.unpack(body, limit_bytes + 1)
    except CodecError as error:
        raise Rejection(Reason.REQUEST_INVALID, f"the body is not {codec.form}") from error
    if len(plain) > limit_bytes:
        raise too_large(limit_bytes)
    return plain
