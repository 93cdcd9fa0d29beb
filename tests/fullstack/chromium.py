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
from collections.abc import Iterator, Mapping
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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--window-size=1200,1600",
    "--remote-debugging-pipe",
)


class Browser:
    """A running Chromium. Tabs share what their origin stores."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read, self._write = read_fd, write_fd
        self._received = b""
        self._sent = 0
        self._pages: dict[str, Page] = {}

    def new_page(self) -> Page:
        """One more tab, which is in front then."""
        target = self.call(None, "Target.createTarget", url="about:blank")["targetId"]
        attached = self.call(None, "Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, target, attached["sessionId"])
        self._pages[attached["sessionId"]] = page
        return page

    def send(self, session: str | None, method: str, **parameters: Any) -> int:
        """Says something to a tab or, with ``None``, to the browser; gives the message's number."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._sent

    def call(self, session: str | None, method: str, **parameters: Any) -> Any:
        """Says something, and gives the answer."""
        number = self.send(session, method, **parameters)
        while (answer := self.hear()).get("id") != number:
            pass
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def hear(self) -> Any:
        """The next message; what it tells of a tab is noted there."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while b"\0" not in self._received:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._read], [], [], max(left, 0))
            assert ready, f"Chromium does not answer within {ANSWER_SECONDS} s"
            piece = os.read(self._read, 1 << 20)
            assert piece, "Chromium has ended"
            self._received += piece
        whole, _, self._received = self._received.partition(b"\0")
        message = json.loads(whole)
        page = self._pages.get(message.get("sessionId"))
        if page is not None and "method" in message:
            page.note(message)
        return message


class Page:
    """One tab. ``complaints`` is what its console shows in red, CSP violations among it."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self.browser = browser
        self.complaints: list[str] = []
        self._target, self._session = target, session
        self._is_crashed = False
        self._navigations = 0
        for domain in ("Page", "Runtime", "Log", "Inspector"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """The tab's answer to a method of the protocol."""
        return self.browser.call(self._session, method, **parameters)

    def close(self) -> None:
        """As a user closes a tab: the page is told that it is hidden and left."""
        self.browser.call(None, "Target.closeTarget", targetId=self._target)

    def crash(self) -> None:
        """Ends the tab's process; the page is told nothing."""
        self.browser.send(self._session, "Page.crash")
        while not self._is_crashed:
            self.browser.hear()

    def open(self, url: str) -> None:
        """Loads a page anew, and forgets the complaints about earlier ones."""
        self.run("window.isOld = true")
        self.complaints.clear()
        went = self.call("Page.navigate", url=url)
        assert "errorText" not in went, went
        # The old page may still be there for a moment.
        self.wait("window.isOld === undefined && document.readyState === 'complete'")

    def go(self, steps: int) -> None:
        """Goes through the tab's history: -1 is back.

        Nothing is run meanwhile: a page that is being kept for later is thrown away for that.
        """
        history = self.call("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] + steps]
        before = self._navigations
        self.call("Page.navigateToHistoryEntry", entryId=entry["id"])
        while self._navigations == before:
            self.browser.hear()

    def run(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        done = self.call(
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

    def click(self, selector: str) -> None:
        """Presses and lets go the mouse in the middle of an element."""
        box = self.run(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        place = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **place)

    def go_offline(self, is_offline: bool) -> None:
        """Takes the network away, or gives it back."""
        self.call("Network.enable")
        self.call(
            "Network.emulateNetworkConditions",
            offline=is_offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    def limit_storage(self, origin: str, quota_bytes: int) -> None:
        """How much an origin may have in databases and caches; localStorage has its own limit."""
        self.call("Storage.overrideQuotaForOrigin", origin=origin, quotaSize=quota_bytes)

    def show_as(self, *, width: int, height: int, is_mobile: bool, colors: str) -> None:
        """The screen in CSS pixels, and the colours wished for: ``light`` or ``dark``."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=is_mobile,
        )
        wished = [{"name": "prefers-color-scheme", "value": colors}]
        self.call("Emulation.setEmulatedMedia", features=wished)

    def screenshot(self, file: Path) -> None:
        """Writes what the tab shows as PNG."""
        taken = self.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(taken["data"]))

    def note(self, event: Any) -> None:
        """Takes in what the browser tells of the tab."""
        match event:
            case {"method": "Page.frameNavigated", "params": {"frame": frame}}:
                self._navigations += "parentId" not in frame
            case {"method": "Inspector.targetCrashed"}:
                self._is_crashed = True
            case {"method": "Log.entryAdded", "params": {"entry": {"level": "error"} as entry}}:
                self.complaints.append(f"{entry['source']}: {entry['text']}")
            case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": details}}:
                self.complaints.append(f"exception: {details}")
            case {"method": "Runtime.consoleAPICalled", "params": {"type": "error" as kind} as p}:
                self.complaints.append(f"console.{kind}: {[a.get('value') for a in p['args']]}")


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A tab of a fresh Chromium, whose profile and log lie in ``folder``."""
    with browser(folder) as started:
        yield started.new_page()


@contextmanager
def browser(folder: Path, preferences: Mapping[str, Any] | None = None) -> Iterator[Browser]:
    """A Chromium, whose profile and log lie in ``folder``; killed at the end.

    ``preferences`` are the profile's, as Chromium stores them; a profile that is there is used.
    """
    if preferences is not None:
        (folder / "profile/Default").mkdir(parents=True)
        (folder / "profile/Default/Preferences").write_text(json.dumps(preferences))
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
        yield Browser(our_read, our_write)
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
