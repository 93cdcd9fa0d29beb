"""Compressed bodies: what each encoding takes, and that a bomb is never unpacked."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Rejection
from api.http.body import decompress
from api.http.codecs import ACCEPT_ENCODING, CODECS
from contracts.reasons import DESCRIPTIONS, Reason
from tests.api.world import CLICK, World, post
from tests.support.with_context import nothing_said

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT_BYTES = 65_536
MIB = 1024 * 1024
BOMB_BYTES = 160 * MIB


def _zlib_bomb(window_bits: int) -> bytes:
    stream = zlib.compressobj(wbits=window_bits)
    return b"".join(stream.compress(bytes(MIB)) for _ in range(160)) + stream.flush()


def _brotli_bomb() -> bytes:
    stream = brotli.Compressor(quality=1)
    return b"".join(stream.process(bytes(MIB)) for _ in range(160)) + stream.finish()


def _zstd_bomb() -> bytes:
    stream = zstd.ZstdCompressor(level=1)
    return b"".join(stream.compress(bytes(MIB)) for _ in range(160)) + stream.flush()


COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
BOMBS: Mapping[str, Callable[[], bytes]] = {
    "gzip": lambda: _zlib_bomb(16 + zlib.MAX_WBITS),
    "deflate": lambda: _zlib_bomb(zlib.MAX_WBITS),
    "br": _brotli_bomb,
    "zstd": _zstd_bomb,
}
ENCODINGS = sorted(COMPRESS)

SKIPPABLE = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"aside"
"""A frame of Zstandard that a decoder skips (RFC 8878, 3.1.2)."""


def wide_zstd(plain: bytes, *, window_log: int) -> bytes:
    """A frame that demands a window of that size, for it does not state its own."""
    options = {zstd.CompressionParameter.window_log: window_log}
    stream = zstd.ZstdCompressor(options=options)
    return stream.compress(plain) + stream.flush()


def dictionary_zstd(plain: bytes) -> bytes:
    samples = [b'{"event": "element_click", "number": %d}' % number for number in range(1000)]
    return zstd.compress(plain, zstd_dict=zstd.train_dict(samples, 1024))


def reason_for(body: bytes, encoding: str, limit_bytes: int = LIMIT_BYTES) -> Reason:
    with pytest.raises(Rejection) as refused:
        decompress(body, content_encoding=encoding, limit_bytes=limit_bytes)
    return refused.value.reason


def test_these_are_the_encodings() -> None:
    assert sorted(CODECS) == ENCODINGS == sorted(BOMBS)
    text = DESCRIPTIONS[Reason.ENCODING_UNSUPPORTED]
    assert [encoding for encoding in CODECS if encoding not in text] == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_compressed_event_is_stored(encoding: str) -> None:
    world = World()
    body = COMPRESS[encoding](json.dumps(CLICK).encode())
    answer = post(world.client(), body, headers={"Content-Encoding": encoding.upper()})
    assert answer.status_code == 202
    assert [dict(each.data) for each in world.messages()] == [{**CLICK["data"], **nothing_said()}]


def test_an_unknown_encoding_is_told_the_known_ones() -> None:
    world = World()
    answer = post(world.client(), b"x", headers={"Content-Encoding": "compress"})
    assert (answer.status_code, answer.get_json()["code"]) == (415, "encoding_unsupported")
    assert answer.headers["Accept-Encoding"] == ACCEPT_ENCODING == "gzip, deflate, br, zstd"
    assert "br or zstd" in answer.get_json()["detail"]


@given(st.binary(max_size=300), st.integers(1, 2000), st.sampled_from(ENCODINGS))
def test_every_body_up_to_the_limit_comes_back(piece: bytes, times: int, encoding: str) -> None:
    plain = piece * times
    packed = COMPRESS[encoding](plain)
    limit_bytes = max(1, len(plain))
    assert decompress(packed, content_encoding=encoding, limit_bytes=limit_bytes) == plain
    if len(plain) > 1:
        assert reason_for(packed, encoding, len(plain) - 1) is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", [0, 1, LIMIT_BYTES - 1, LIMIT_BYTES])
def test_a_body_at_the_limit_is_unpacked(encoding: str, length: int) -> None:
    packed = COMPRESS[encoding](b"x" * length)
    assert decompress(packed, content_encoding=encoding, limit_bytes=LIMIT_BYTES) == b"x" * length


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_a_body_in_no_encoding_stays_as_it_is(encoding: str) -> None:
    assert decompress(b"x", content_encoding=encoding, limit_bytes=1) == b"x"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_byte_above_the_limit_is_refused(encoding: str) -> None:
    packed = COMPRESS[encoding](b"x" * (LIMIT_BYTES + 1))
    assert reason_for(packed, encoding) is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_of_a_bomb_little_more_than_the_limit_is_made(encoding: str) -> None:
    bomb = BOMBS[encoding]()
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        assert reason_for(bomb, encoding) is Reason.BODY_TOO_LARGE
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 8 * LIMIT_BYTES


UNPACK_IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from api.http.body import decompress
from api.errors import Rejection

body = Path(sys.argv[2]).read_bytes()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 64 * 1024 * 1024,) * 2)
try:
    decompress(body, content_encoding=sys.argv[1], limit_bytes=65_536)
except Rejection as rejection:
    print(rejection.reason)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads how much memory a process has in /proc")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_needs_no_memory_outside_of_python_either(encoding: str, tmp_path: Path) -> None:
    """Windows and buffers of the native libraries; the bomb is 2.5 times what there is."""
    (tmp_path / "bomb").write_bytes(BOMBS[encoding]())
    ran = subprocess.run(
        [sys.executable, "-c", UNPACK_IN_LITTLE_MEMORY, encoding, str(tmp_path / "bomb")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        timeout=60,
        check=False,
    )
    assert (ran.stdout.strip(), ran.stderr) == ("body_too_large", "")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_anything_but_one_whole_stream_is_refused(encoding: str) -> None:
    packed = COMPRESS[encoding](b"{}" * 50)
    cut = [packed[:length] for length in range(len(packed))]
    followed = [packed + b"x", packed + bytes(8), packed + packed, packed + COMPRESS[encoding](b"")]
    others = [COMPRESS[other](b"{}") for other in ENCODINGS if other != encoding]
    for body in [*cut, *followed, *others, b"{}", b"x" + packed]:
        assert reason_for(body, encoding) is Reason.REQUEST_INVALID, body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_changed_checksum_is_noticed(encoding: str) -> None:
    checked = {zstd.CompressionParameter.checksum_flag: 1}
    packed = (
        zstd.compress(b"{}", options=checked) if encoding == "zstd" else COMPRESS[encoding](b"{}")
    )
    assert decompress(packed, content_encoding=encoding, limit_bytes=2) == b"{}"
    for place in range(-4, 0):
        changed = bytearray(packed)
        changed[place] ^= 1
        assert reason_for(bytes(changed), encoding) is Reason.REQUEST_INVALID


ODD_ZSTD = {
    "a skippable frame cut off": SKIPPABLE[:-1],
    "a skippable frame first": SKIPPABLE + zstd.compress(b"{}"),
    "a skippable frame last": zstd.compress(b"{}") + SKIPPABLE,
    "a skippable frame of 4 GiB": b"\x50\x2a\x4d\x18" + b"\xff" * 4 + b"x",
    "a window of 16 MiB": wide_zstd(b"{}", window_log=24),
    "a window of 128 MiB": wide_zstd(b"{}", window_log=27),
    "a single segment of 4 GiB": b"\x28\xb5\x2f\xfd\xa0" + b"\xff" * 4 + b"x",
    "a dictionary": dictionary_zstd(b'{"event": "element_click", "number": 5}'),
    "the format before version 0.8": b"\x27\xb5\x2f\xfd" + bytes(20),
}


@pytest.mark.parametrize("body", ODD_ZSTD.values(), ids=ODD_ZSTD.keys())
def test_frames_of_zstandard_that_are_refused(body: bytes) -> None:
    with pytest.raises(Rejection) as refused:
        decompress(body, content_encoding="zstd", limit_bytes=LIMIT_BYTES)
    assert refused.value.reason is Reason.REQUEST_INVALID
    assert refused.value.detail == (
        "the body is not one whole zstd frame, of a window of 8 MiB at most and without a"
        " dictionary"
    )


def test_a_skippable_frame_alone_is_an_empty_body() -> None:
    assert decompress(SKIPPABLE, content_encoding="zstd", limit_bytes=LIMIT_BYTES) == b""
    answer = post(World().client(), SKIPPABLE, headers={"Content-Encoding": "zstd"})
    assert answer.get_json()["code"] == "body_empty"


def test_a_window_of_8_mib_is_taken() -> None:
    packed = wide_zstd(b"{}", window_log=23)
    assert decompress(packed, content_encoding="zstd", limit_bytes=LIMIT_BYTES) == b"{}"


@pytest.mark.parametrize("level", [-5, 1, 3, 19])
def test_every_usual_level_of_zstandard_is_taken(level: int) -> None:
    plain = json.dumps([CLICK] * 100).encode()
    packed = zstd.compress(plain, level)
    assert decompress(packed, content_encoding="zstd", limit_bytes=LIMIT_BYTES) == plain


def test_a_large_window_of_brotli_is_refused() -> None:
    """An extension that is no part of ``br`` (RFC 7932 ends at 16 MiB); 0x11 begins it."""
    assert reason_for(b"\x11\x1e" + bytes(20), "br") is Reason.REQUEST_INVALID


def mangled(encoding: str) -> st.SearchStrategy[bytes]:
    """A good stream with a few bytes changed, which gets further than random bytes do."""
    packed = COMPRESS[encoding](json.dumps([CLICK] * 5).encode())
    changes = st.dictionaries(
        st.integers(0, len(packed) - 1), st.integers(0, 255), min_size=1, max_size=4
    )
    return changes.map(
        lambda changed: bytes(changed.get(place, byte) for place, byte in enumerate(packed))
    )


@given(
    st.sampled_from(ENCODINGS).flatmap(
        lambda encoding: st.tuples(st.just(encoding), st.binary(max_size=200) | mangled(encoding))
    )
)
def test_any_bytes_are_unpacked_or_refused(sent: tuple[str, bytes]) -> None:
    encoding, body = sent
    try:
        plain = decompress(body, content_encoding=encoding, limit_bytes=1000)
        reason = None
    except Rejection as rejection:
        plain, reason = b"", rejection.reason
    assert len(plain) <= 1000
    assert reason in {None, Reason.BODY_TOO_LARGE, Reason.REQUEST_INVALID}
