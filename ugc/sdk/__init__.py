"""Packages that a project's own programs send events with, made of its contracts.

In: a :class:`~contracts.model.loader.Catalog`.  Out: the files of one package for each language,
as texts; one sub-package or module for a language.
"""
