"""The local stack, and the stand-ins it starts where a deployment has the real servers."""
