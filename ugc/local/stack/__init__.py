"""The local stack: every part on loopback, with nothing but what PyPI brings.

In: a :class:`StackConfig` and the caller's environment, where the five URL variables replace parts
by real ones.  Out: running processes, their logs, and ``stack.json`` by which other terminals find
them.
"""

from ugc.local.stack.config import PartName, StackConfig
from ugc.local.stack.foreground import run_foreground
from ugc.local.stack.state import StackInfo, running_stack
from ugc.local.stack.supervisor import Stack

__all__ = ["PartName", "Stack", "StackConfig", "StackInfo", "run_foreground", "running_stack"]
