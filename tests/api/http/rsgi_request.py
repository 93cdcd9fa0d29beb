"""A request as granian hands it over, made of pieces that a test hands in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable


class Request:
    """A scope and its protocol in one."""

    http_version = "1.1"
    scheme = "http"
    server = "127.0.0.1:8000"

    def __init__(
        self,
        *pieces: bytes | asyncio.Event,
        path: str = "/in",
        method: str = "POST",
        query_string: str = "a=%20",
        client: str = "203.0.113.9:4711",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.path, self.method, self.client = path, method, client
        self.query_string = query_string
        self.headers = Headers(headers)
        self.pieces = pieces
        self.taken = 0
        self.answers: list[tuple[int, list[tuple[str, str]], bytes]] = []

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            if isinstance(piece, bytes):
                yield piece
            else:
                await piece.wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append((status, headers, body))


class Headers:
    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = list(pairs)

    def get(self, name: str) -> str | None:
        return dict(self.pairs).get(name)

    def items(self) -> list[tuple[str, str]]:
        return self.pairs
