"""The demo: the whole path once, on a stack of its own, with books that have to balance.

``books`` (pure) holds what was accepted against what was loaded; ``run`` does the demo;
``report`` prints it.
"""
