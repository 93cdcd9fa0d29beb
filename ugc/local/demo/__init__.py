"""The demo of a project, on the local stack: a page in the folder ``demo`` of its contracts.

``files`` finds it, ``routes`` serves it at ``/demo``, with the tracker and tokens of the auth
stand-in for its visitors; ``wsgi`` is the API with it.  ``ugc api serve`` as a deployment starts it
has none of this.
"""
