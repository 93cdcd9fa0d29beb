"""``ugc new``: a project of one's own, out of the texts in ``template/``.

In: a folder that is not there yet, and perhaps a tracking plan.  Out: a repository that works at
once: contracts, their lock, ``ugc.toml``, and what an editor, git, pull requests and Docker need.
"""
