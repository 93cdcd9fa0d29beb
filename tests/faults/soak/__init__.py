"""The whole stack under load and faults for minutes, and a proof that it kept its promises.

In: minutes, a seed, a rate.  Out: a folder with the summary (JSON), the plot (SVG, PNG), every
event that was sent and how it was answered, and the logs of all parts; exit code 1 when a demand
is missed.  ``make soak`` runs it; the same seed gives the same traffic and the same faults.

``schedule`` (pure) says when which of ``faults`` comes; ``watch`` takes a look every second;
``verdict`` (pure) holds what was seen against the demands; ``plot`` draws it.
"""
