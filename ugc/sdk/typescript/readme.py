"""``README.md`` of the package. Pure."""

from __future__ import annotations

import json

from contracts.model.loader import Catalog
from contracts.model.types import Contract
from ugc.sdk.typescript.declarations import is_sent

_TEXT = """\
# {name}

Made of the contracts by `ugc sdk build --typescript`; the folder is replaced whole, so do not edit
it.

```ts
import {{ createTracker }} from "{name}";

const tracker = createTracker({{
  url: "https://events.example.com", // the API; left out, the page's own origin
{key}  token: async () => null, // the signed-in user's access token
}});

{example}
```

`import … from "{name}/light"` is the same without what outlives a page: no queue in the browser's
storage, no compression, no explanations. `browser.js` and `browser-light.js` are scripts for a page
without a bundler; they define `ugc.createTracker`.
"""


def readme(name: str, catalog: Catalog) -> str:
    """The first event with its own example; halves of pairs come last, which mean little alone."""
    halves = {each for pair in catalog.pairings.values() for each in (pair.start, pair.end)}
    sent = [each for each in catalog.newest if is_sent(each)]
    sent.sort(key=lambda each: each.event in halves)
    key = "" if catalog.applications is None else '  key: "…", // the application\'s\n'
    return _TEXT.format(name=name, key=key, example="\n".join(_call(each) for each in sent[:1]))


def _call(contract: Contract) -> str:
    example = contract.examples[0] if contract.examples else {}
    return (
        f"tracker.track({json.dumps(contract.event)}, {json.dumps(example, ensure_ascii=False)});"
    )
