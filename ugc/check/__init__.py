"""``ugc check``: everything that a change of contracts has to pass, as one verdict.

In: the contract folder, what it is compared with, and the files that are made from it.  Out: a
:class:`~ugc.check.entries.Verdict`, of which each mistake is one entry; text, JSON, Markdown,
annotations, SARIF or GitLab's code quality; one comment on a pull request.
"""
