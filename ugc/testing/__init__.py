"""For tests of one's own project: what became of the events that a page or a server has sent."""

from ugc.testing.events import DebugEvents as DebugEvents
