"""The demo: the whole path once, on a stack of its own, with totals that have to balance.

``totals`` (pure) holds what was accepted against what was loaded; ``run`` does the demo;
``report`` prints it.
"""
