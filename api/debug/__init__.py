"""The live debugger: what became of single events, shown while it happens.

In come the answers to requests that bear ``X-UGC-Debug`` (:mod:`api.http.observing`); out goes a
capped stream in Redis that all workers share, a page, a JSON API and a stream of server-sent
events.  Nothing of it exists in a process where the debugger is off.
"""
