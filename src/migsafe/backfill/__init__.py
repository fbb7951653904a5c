"""Writes rows in batches beside an application that is at work: adaptive, throttled, and resumable at any moment.

`engine.run_backfill` is the way in. What decides (`pace`, `throttle`, `failures`, `keyspace`) is pure; what reads,
writes and waits stands around it.
"""
