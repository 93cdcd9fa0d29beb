"""Visitors made from any project's contracts, as HTTP requests.

``repertoire`` (pure) makes what can be sent, ``bad`` what has to be refused, ``visitor`` (pure)
decides who sends what and when, ``sender`` does it over HTTP and keeps the tally that the books are
balanced against.
"""
