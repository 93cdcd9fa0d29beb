"""`ugc mcp`: contracts, verdicts and figures for agents, over the Model Context Protocol.

In come calls of tools; out go structured results: texts of contracts and rows stand in them as
data.  `sql` lets a program ask the tables without seeing what is personal.
"""
