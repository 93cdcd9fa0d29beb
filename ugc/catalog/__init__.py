"""``ugc catalog``: a website of the contracts, for whoever asks what an event is.

In: the catalog, perhaps days of changes from git, perhaps live facts.  Out: pages by path, the same
bytes for the same input; written to a folder, or served by the API under ``/catalog/``.  Texts of
contracts are anybody's: they are data in every page.
"""
