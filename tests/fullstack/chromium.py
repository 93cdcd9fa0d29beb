"""Headless Chromium, driven over its own protocol through a pair of pipes.

The protocol (Chrome DevTools Protocol) is JSON, each message ended by a NUL; no driver and no port.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fullstack.cache import program
from ugc.local.stack.process import end_with_parent

CHROMIUM = "chromium"
ANSWER_SECONDS = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever is not on this machine cannot be found: every page has to work without it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1200,1600",
    "--remote-debugging-pipe",
)


class Page:
    """One tab. ``complaints`` is what its console shows in red, CSP violations among it."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read, self._write = read_fd, write_fd
        self._received = b""
        self._sent = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Loads a page anew, and forgets the complaints about earlier ones."""
        self.run("window.isOld = true")
        self.complaints.clear()
        went = self._call("Page.navigate", url=url)
        assert "errorText" not in went, went
        # The old page may still be there for a moment.
        self.wait("window.isOld === undefined && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        done = self._call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, condition: str, timeout_seconds: float = ANSWER_SECONDS) -> None:
        """Returns as soon as the expression is true; fails when it does not become so in time."""
        deadline = time.monotonic() + timeout_seconds
        while not self.run(condition):
            told = f"waited {timeout_seconds} s in vain for {condition}: {self.complaints}"
            assert time.monotonic() < deadline, told
            time.sleep(0.05)

    def show_as(self, *, width: int, height: int, is_mobile: bool, colors: str) -> None:
        """The screen in CSS pixels, and the colours wished for: ``light`` or ``dark``."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=is_mobile,
        )
        wished = [{"name": "prefers-color-scheme", "value": colors}]
        self._call("Emulation.setEmulatedMedia", features=wished)

    def screenshot(self, file: Path) -> None:
        """Writes what the tab shows as PNG."""
        taken = self._call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(taken["data"]))

    def _call(self, method: str, **parameters: Any) -> Any:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._message(deadline)
            if answer.get("id") == self._sent:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _message(self, deadline: float) -> Any:
        while b"\0" not in self._received:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._read], [], [], max(left, 0))
            assert ready, f"Chromium does not answer within {ANSWER_SECONDS} s"
            piece = os.read(self._read, 1 << 20)
            assert piece, "Chromium has ended"
            self._received += piece
        whole, _, self._received = self._received.partition(b"\0")
        return json.loads(whole)

    def _note(self, event: Any) -> None:
        match event:
            case {"method": "Log.entryAdded", "params": {"entry": {"level": "error"} as entry}}:
                self.complaints.append(f"{entry['source']}: {entry['text']}")
            case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": details}}:
                self.complaints.append(f"exception: {details}")
            case {"method": "Runtime.consoleAPICalled", "params": {"type": "error" as kind} as p}:
                self.complaints.append(f"console.{kind}: {[a.get('value') for a in p['args']]}")


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A tab of a fresh Chromium, whose profile and log lie in ``folder``."""
    binary = program(CHROMIUM)
    its_read, our_write = _pipe()
    our_read, its_write = _pipe()
    # It reads from descriptor 3 and writes to 4, whatever ours are.
    command = f'exec "$0" "$@" 3<&{its_read} 4>&{its_write}'
    arguments = [*FLAGS, f"--user-data-dir={folder / 'profile'}"]
    with (folder / "chromium.log").open("ab") as log:
        process = subprocess.Popen(
            ["bash", "-c", command, binary, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(its_read, its_write),
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGKILL),
        )
    os.close(its_read)
    os.close(its_write)
    try:
        yield Page(our_read, our_write)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(15)
        os.close(our_read)
        os.close(our_write)


def _pipe() -> tuple[int, int]:
    """Both ends of a new pipe, above the descriptors that the child is to use."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high[0], high[1]
