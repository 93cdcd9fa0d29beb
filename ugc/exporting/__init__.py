"""``ugc export``: the contracts in the form of other tools.

In: the catalog.  Out: an ODCS data contract, dbt sources, Markdown, a bundle of JSON Schemas; the
same text for the same contracts.
"""
