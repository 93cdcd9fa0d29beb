"""The composition root: the ``ugc`` command, the local stack, the traffic generator, the demo.

Everything is wired here and nowhere else.  In: environment variables and command lines.  Out:
running processes, and what they print.
"""
