"""``make bench``: the product and what others would write in its place, measured in one run.

In goes a machine with two cores; out come a file under ``bench/results/`` and
``docs/performance.md``.  The product is measured from outside, as a user starts it (``ugc api
serve``, ``ugc etl run``), so that whatever it is made of is measured.

``cases`` says what is measured, ``api`` and ``loader`` measure it, ``contracts`` does both for many
contracts, ``generator`` sends requests from a process of its own.  ``results`` are the files,
``figures`` medians and ratios, ``check`` compares a run with older ones, ``table``, ``goals`` and
``plots`` show one.
"""
