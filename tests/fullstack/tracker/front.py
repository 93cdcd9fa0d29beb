"""A front end whose pages load the tracker's committed script, on an origin of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from contracts.model.loader import load_catalog
from tests.fullstack.tracker.gate import serving
from ugc.sdk import typescript
from ugc.sdk.typescript.settings import settings_of

SCRIPT = Path(typescript.__file__).parent / "core/dist/tracker.js"

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>A front end</title>
<link rel="icon" href="data:,">
<button id="trailer" data-element="trailer">Trailer</button>
<button id="movie" data-element="movie">Movie</button>
<a id="next" href="/next">Next</a>
<script>%(before)s</script>
<script>
  // The clock of this computer, so many milliseconds ahead of the right one.
  let ahead = %(ahead)d;
  const RightDate = Date;
  window.Date = class extends RightDate {
    constructor(...given) {
      if (given.length) super(...given);
      else super(RightDate.now() + ahead);
    }
    static now() {
      return RightDate.now() + ahead;
    }
  };
  const answers = [], dropped = [], shown = [];
  // How long pages were seen in truth, in ms, the oldest first; for every page of this tab.
  let since = performance.now();
  addEventListener("pageshow", (event) => {
    shown.push(event.persisted);
    if (event.persisted) since = performance.now();
  });
  addEventListener("pagehide", () => {
    try {
      const seen = JSON.parse(sessionStorage.seen || "[]");
      sessionStorage.seen = JSON.stringify([...seen, performance.now() - since]);
    } catch {}
  });
</script>
<script src="/tracker.js"></script>
<script>
  const tracker = ugc.createTracker({
    ...%(settings)s,
    url: %(url)s,
    onAnswer: (those) => answers.push(...those),
    onDrop: (count, reason) => dropped.push([count, reason]),
    ...(%(options)s),
  });
  const click = (element) =>
    tracker.track("element_click", { element_type: element, page_type: "main" });
  const clicks = (count) => Array.from({ length: count }, (_, at) => click("film_" + at));
  for (const button of document.querySelectorAll("button"))
    button.addEventListener("click", () => click(button.dataset.element));
  %(after)s
</script>
"""

_FRAME = """\
<!DOCTYPE html>
<title>Another site</title>
<script>
  const told = [];
  addEventListener("message", (event) => told.push(event.data));
</script>
<iframe src="%s"></iframe>
"""


class Front:
    """What the pages are made with; a change counts for those that are opened from then.

    ``options`` is JavaScript, an object laid over the tracker's settings; ``before`` and ``after``
    run at their places.  ``ahead_ms`` is how far the computer's clock is ahead.
    """

    def __init__(self, api_url: str) -> None:
        self.url = ""
        self.api_url = api_url
        self.ahead_ms = 0
        self.options = "{}"
        self.before = ""
        self.after = ""

    def page(self, path: str) -> str:
        """The document at an address."""
        if path == "/elsewhere":
            return "<!DOCTYPE html><title>No tracker here</title>"
        if path == "/frame":
            return _FRAME % f"{self.url}/framed"
        return _PAGE % {
            "ahead": self.ahead_ms,
            "settings": json.dumps(settings_of(load_catalog())),
            "url": json.dumps(self.api_url),
            "options": self.options,
            "before": self.before,
            "after": self.after,
        }


@contextmanager
def front_end(api_url: str) -> Iterator[Front]:
    """A front end that sends to ``api_url``; nothing is stored yet at its origin."""
    front = Front(api_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            is_script = self.path == "/tracker.js"
            body = SCRIPT.read_bytes() if is_script else front.page(self.path).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with serving(Handler) as front.url:
        yield front
