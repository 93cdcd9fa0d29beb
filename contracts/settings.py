"""Settings in environment variables, typed. Pure, but for files that are asked about.

A variable that is set to nothing, or to white space alone, counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from contracts.addresses import IN_PASSWORDS, are_sentinels, are_servers, is_address, is_cluster
from contracts.errors import SettingError

_MOST = 999_999_999
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_HTTP = ("http", "https")
_REDIS = ("redis", "rediss")


@dataclass(frozen=True, slots=True)
class Settings:
    """Reads variables by name.

    Every method raises :class:`~contracts.errors.SettingError` for a value that it cannot use, and
    quotes none: it may be a secret.
    """

    env: Mapping[str, str]

    def optional(self, name: str) -> str | None:
        """The text without white space around it; None when it is not set."""
        return self.env.get(name, "").strip() or None

    def text(self, name: str, default: str) -> str:
        """The text, or else ``default``."""
        return self.optional(name) or default

    def required(self, name: str, form: str) -> str:
        """A text that has to be there; ``form`` tells what it looks like."""
        found = self.optional(name)
        if found is None:
            raise SettingError(name, f"set, in the form {form}")
        return found

    def secret(self, name: str) -> str | None:
        """A text, or the content of the file that ``<name>_FILE`` names; None when neither is set.

        A line's end behind it is no part of it: editors and secret stores add one.
        """
        found, file = self.optional(name), self.file(f"{name}_FILE")
        if file is None:
            return found
        if found is not None:
            raise SettingError(name, f"left out, since {name}_FILE is set")
        try:
            text = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{name}_FILE", "a file of text that can be read") from error
        if not text.strip():
            raise SettingError(f"{name}_FILE", "a file that is not empty")
        return text

    def path(self, name: str) -> Path | None:
        """A file or folder, there or not."""
        found = self.optional(name)
        return None if found is None else Path(found)

    def file(self, name: str) -> Path | None:
        """A file that is there."""
        found = self.path(name)
        if found is not None and not found.is_file():
            raise SettingError(name, "the path of a file")
        return found

    def files(self, name: str) -> tuple[Path, ...]:
        """Files that are there, separated by commas; none when it is not set."""
        found = tuple(Path(each.strip()) for each in self.text(name, "").split(",") if each.strip())
        if not all(path.is_file() for path in found):
            raise SettingError(name, "paths of files, separated by commas")
        return found

    def count(self, name: str, default: int, *, least: int = 1, most: int = _MOST) -> int:
        """A whole number, in digits alone."""
        found = self.text(name, str(default))
        if not _COUNT.fullmatch(found) or not least <= int(found) <= most:
            expected = f"a whole number from {least:,} to {most:,}, in digits alone"
            raise SettingError(name, expected)
        return int(found)

    def seconds(self, name: str, default: float, *, below: float = 1e9) -> float:
        """A number of seconds above 0, in digits and a point."""
        found = self.text(name, str(default))
        if not _DECIMAL.fullmatch(found) or not 0 < float(found) < below:
            raise SettingError(name, "a number of seconds above 0")
        return float(found)

    def seconds_within(
        self, name: str, default: float, *, least: float = 0.001, most: float = _MOST
    ) -> float:
        """A number of seconds in a range, in any form of a number."""
        expected = f"a number of seconds from {least:g} to {most:,.0f}"
        try:
            found = float(self.text(name, str(default)))
        except ValueError as error:
            raise SettingError(name, expected) from error
        if not least <= found <= most:
            raise SettingError(name, expected)
        return found

    def share(self, name: str, default: float) -> float:
        """A number from 0 to 1."""
        found = self.text(name, str(default))
        if not _DECIMAL.fullmatch(found) or float(found) > 1:
            raise SettingError(name, "a share from 0 to 1, such as 0.2")
        return float(found)

    def servers(self, name: str) -> str:
        """``host:port``, several separated by commas."""
        found = self.required(name, "host:port")
        if not are_servers(found):
            raise SettingError(name, "host:port, several separated by commas")
        return found

    def http_url(self, name: str) -> str:
        """An HTTP address without path, query or fragment."""
        return self._bare(name, _HTTP, "path")

    def redis_url(self, name: str, *, unwanted: str = "db number") -> str:
        """A Redis address without a db number; ``unwanted`` is what the text calls its path.

        Or sentinels and the name of the service that they watch, or servers of a cluster.
        """
        found = self.optional(name)
        if found is not None and "+sentinel:" in found:
            if not are_sentinels(found):
                form = "redis+sentinel://host:port,host:port/service"
                raise SettingError(name, f"an address like {form}; {IN_PASSWORDS}")
            return found
        if found is not None and "+cluster:" in found:
            if not is_cluster(found):
                form = "redis+cluster://host:port,host:port"
                raise SettingError(name, f"an address like {form}; {IN_PASSWORDS}")
            return found
        return self._bare(name, _REDIS, unwanted)

    def http_urls(self, name: str) -> str:
        """HTTP addresses separated by commas; each may have a path."""
        found = self.required(name, "http://host:port")
        if not all(is_address(each.strip(), _HTTP) for each in found.split(",")):
            raise SettingError(name, f"addresses like http://host:port; {IN_PASSWORDS}")
        return found

    def _bare(self, name: str, schemes: tuple[str, ...], unwanted: str) -> str:
        form = f"{schemes[0]}://host:port"
        found = self.required(name, form).removesuffix("/")
        if not is_address(found, schemes) or urlsplit(found).path:
            expected = f"an address like {form}, without a {unwanted}; {IN_PASSWORDS}"
            raise SettingError(name, expected)
        return found
