"""The demo of a project, on the local stack: a page in the folder ``demo`` of its contracts.

``files`` finds it, ``routes`` serves it at ``/demo``, with the tracker and tokens of the auth
stand-in for its visitors; ``connect`` puts both together.  A deployment has none of
this.
"""
