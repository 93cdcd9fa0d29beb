"""The npm package: types out of the contracts beside a tracker that is the same for all projects.

``core/src`` is the tracker, ``core/dist`` what ``core/build.mjs`` makes of it, committed so that
nothing here needs Node.
"""
