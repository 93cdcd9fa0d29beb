"""``ugc contracts``: what people do with contract files.

In: the contract folder.  Out: text for people, JSON or Markdown for machines and pull requests,
and new contract files.
"""

from __future__ import annotations
