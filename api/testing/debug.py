"""The debugger's records, within this process."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from api.debug.store import MOST_RECORDS, Kept
from api.errors import CacheUnavailableError


class InMemoryDebugStore:
    """Records in a list, for tests. While ``available`` is false nothing is answered."""

    def __init__(self) -> None:
        self.available = True
        self._records: list[tuple[int, bytes]] = []
        self._made = 0
        self._lost = 0
        self._lock = threading.Lock()

    def append(self, records: Sequence[bytes], *, lost: int) -> None:
        self._check()
        with self._lock:
            for record in records:
                self._made += 1
                self._records.append((self._made, record))
            del self._records[:-MOST_RECORDS]
            self._lost += lost

    def after(self, record_id: str, count: int) -> Sequence[Kept]:
        self._check()
        first = _number(record_id)
        with self._lock:
            found = [each for each in self._records if each[0] > first][:count]
        return [(f"{number}-0", record) for number, record in found]

    def before(self, record_id: str | None, count: int) -> Sequence[Kept]:
        self._check()
        with self._lock:
            last = self._made + 1 if record_id is None else _number(record_id)
            found = [each for each in reversed(self._records) if each[0] < last][:count]
        return [(f"{number}-0", record) for number, record in found]

    def newest(self) -> str:
        found = self.before(None, 1)
        return found[0][0] if found else "0"

    def lost(self) -> int:
        self._check()
        return self._lost

    def forget(self, record_ids: Sequence[str] | None) -> None:
        self._check()
        with self._lock:
            if record_ids is None:
                self._records, self._lost = [], 0
            else:
                gone = set(map(_number, record_ids))
                self._records = [each for each in self._records if each[0] not in gone]

    def _check(self) -> None:
        if not self.available:
            raise CacheUnavailableError("not there")


def _number(record_id: str) -> int:
    return int(record_id.partition("-")[0])
