"""Sends events to the API from a server: a bounded queue, one sending thread, an optional spool.

The same for every project: ``ugc sdk build --python`` puts these modules beside the types.  Nothing
but the standard library is used.
"""
