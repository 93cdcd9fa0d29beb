"""The Python package: types out of the contracts beside what sends, the same for all projects.

In: a catalog.  Out: the package's files; ``core`` is copied into it.
"""
