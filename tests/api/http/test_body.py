"""Headers and length of a body, over streams that give little at a time."""

from __future__ import annotations

import io

import pytest

from api.errors import Rejection
from api.http.body import check_headers, read_body
from contracts.reasons import Reason

LIMIT = 10


class Drip:
    """A stream that gives at most ``step`` bytes at a time and counts what it gave."""

    def __init__(self, content: bytes, step: int) -> None:
        self._rest = io.BytesIO(content)
        self._step = step
        self.given = 0

    def read(self, size: int, /) -> bytes:
        piece = self._rest.read(min(size, self._step))
        self.given += len(piece)
        return piece


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize("length", [0, 1, LIMIT])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_up_to_the_limit_is_read_whole(step: int, length: int, announced: bool) -> None:
    content = b"x" * length
    content_length = length if announced else None
    assert read_body(Drip(content, step), content_length=content_length, limit_bytes=LIMIT) == (
        content
    )


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("length", [LIMIT + 1, 1_000_000])
def test_a_chunked_body_above_the_limit_is_refused_and_not_cut(step: int, length: int) -> None:
    stream = Drip(b"x" * length, step)
    with pytest.raises(Rejection) as refused:
        read_body(stream, content_length=None, limit_bytes=LIMIT)
    assert refused.value.reason is Reason.BODY_TOO_LARGE
    assert stream.given == LIMIT + 1


def test_an_announced_body_above_the_limit_is_not_read_at_all() -> None:
    stream = Drip(b"x" * 100, 1)
    with pytest.raises(Rejection) as refused:
        read_body(stream, content_length=LIMIT + 1, limit_bytes=LIMIT)
    assert refused.value.reason is Reason.BODY_TOO_LARGE
    assert stream.given == 0


def test_a_body_shorter_than_announced_is_refused() -> None:
    with pytest.raises(Rejection) as refused:
        read_body(Drip(b"xxx", 1), content_length=4, limit_bytes=LIMIT)
    assert refused.value.reason is Reason.LENGTH_INVALID
    assert refused.value.detail == "the body ended after 3 of 4 bytes"


def test_nothing_after_the_announced_length_is_read() -> None:
    stream = Drip(b"abcdef", 1000)
    assert read_body(stream, content_length=3, limit_bytes=LIMIT) == b"abc"
    assert stream.given == 3


@pytest.mark.parametrize("media_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("charset", ["", "utf-8", "utf8"])
@pytest.mark.parametrize("encoding", ["", "identity"])
def test_headers_that_are_taken(media_type: str, charset: str, encoding: str) -> None:
    check_headers(media_type=media_type, charset=charset, content_encoding=encoding)


@pytest.mark.parametrize(
    ("media_type", "charset", "encoding", "reason"),
    [
        ("", "", "", Reason.MEDIA_TYPE_UNSUPPORTED),
        ("application/xml", "", "", Reason.MEDIA_TYPE_UNSUPPORTED),
        ("application/x-www-form-urlencoded", "", "", Reason.MEDIA_TYPE_UNSUPPORTED),
        ("multipart/form-data", "", "", Reason.MEDIA_TYPE_UNSUPPORTED),
        ("application/json", "utf-16", "", Reason.ENCODING_UNSUPPORTED),
        ("text/plain", "iso-8859-1", "", Reason.ENCODING_UNSUPPORTED),
        ("application/json", "", "compress", Reason.ENCODING_UNSUPPORTED),
        ("application/json", "", "x-br", Reason.ENCODING_UNSUPPORTED),
        ("application/json", "", "gzip, br", Reason.ENCODING_UNSUPPORTED),
    ],
)
def test_headers_that_are_refused(
    media_type: str, charset: str, encoding: str, reason: Reason
) -> None:
    with pytest.raises(Rejection) as refused:
        check_headers(media_type=media_type, charset=charset, content_encoding=encoding)
    assert refused.value.reason is reason
    assert refused.value.status == 415


def test_only_an_unknown_content_encoding_is_told_which_are_known() -> None:
    """Without it a sender cannot tell a bad encoding from a bad type (RFC 7694, section 3)."""
    told = {}
    for media_type, charset, encoding in [
        ("application/json", "", "compress"),
        ("application/json", "utf-16", ""),
        ("text/html", "", "gzip"),
    ]:
        with pytest.raises(Rejection) as refused:
            check_headers(media_type=media_type, charset=charset, content_encoding=encoding)
        told[media_type, charset, encoding] = dict(refused.value.headers)
    assert list(told.values()) == [{"Accept-Encoding": "gzip, deflate, br, zstd"}, {}, {}]
