"""The work engine: runs and their steps as rows, for all work that outlives a request.

A run is a plan being carried out, an incident, a canary, a report. Its steps stand in `tables.py`; what a
step of some kind is, in one file beside the thinking that it belongs to (`kinds.py` says how). `runs.py`
begins, pauses and ends runs, `scheduler.py` decides in one transaction which steps go on, `executor.py` does
one of them outside any transaction, and `sweep.py` finds what nobody is at any more.
"""
