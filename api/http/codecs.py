"""The Content-Encodings of a request's body: the edge to zlib, Brotli and Zstandard.

Each unpacks one whole stream and no more than was asked for.  Several members or frames in a row
are refused as anything else after the stream is, a skippable frame of Zstandard too: what one
decoder reads, another might stop before.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import brotli

from api.errors import CodecError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WINDOW_LOG_MAX = 23
"""8 MiB, the largest window that a sender may use with this encoding (RFC 9659, section 3)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one encoding is undone.

    ``unpack`` takes the packed bytes and a number, and gives what they unpack to.  If that is
    shorter than the number, it is the whole of it; else it may be cut anywhere beyond, and not much
    is made in vain.  It raises ``CodecError`` for what is not in the form that ``form`` names.
    """

    form: str
    unpack: Callable[[bytes, int], bytes]


def _inflate(packed: bytes, enough_bytes: int, *, window_bits: int) -> bytes:
    stream = zlib.decompressobj(window_bits)
    try:
        plain = stream.decompress(packed, enough_bytes)
    except zlib.error as error:
        raise CodecError from error
    if len(plain) < enough_bytes and (not stream.eof or stream.unused_data):
        raise CodecError
    return plain


def _unpack_brotli(packed: bytes, enough_bytes: int) -> bytes:
    """The buffer grows in steps, so it may give up to twice what was asked for.

    Bytes after the stream are an error of the decoder's own.
    """
    stream = brotli.Decompressor()
    try:
        plain: bytes = stream.process(packed, output_buffer_limit=enough_bytes)
    except brotli.error as error:
        raise CodecError from error
    if len(plain) < enough_bytes and not stream.is_finished():
        raise CodecError
    return plain


def _unpack_zstd(packed: bytes, enough_bytes: int) -> bytes:
    stream = zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    )
    try:
        plain = stream.decompress(packed, enough_bytes)
    except zstd.ZstdError as error:
        raise CodecError from error
    if len(plain) < enough_bytes and (not stream.eof or stream.unused_data):
        raise CodecError
    return plain


CODECS: Mapping[str, Codec] = {
    "gzip": Codec("one whole gzip stream", partial(_inflate, window_bits=16 + zlib.MAX_WBITS)),
    # ``deflate`` is the zlib format (RFC 9110, 8.4.1.2).
    "deflate": Codec("one whole deflate stream", partial(_inflate, window_bits=zlib.MAX_WBITS)),
    "br": Codec("one whole br stream", _unpack_brotli),
    "zstd": Codec(
        "one whole zstd frame, of a window of 8 MiB at most and without a dictionary", _unpack_zstd
    ),
}
"""By the name that a Content-Encoding has, in lower case."""

ACCEPT_ENCODING = ", ".join(CODECS)
"""The header of an answer to a body in any other encoding (RFC 9110, 15.5.16)."""
