"""The tracker: what ran where, which release runs where, what was verified; with a chain of events that proves it.

The only package with SQLAlchemy's Core on databases of migsafe's own; `store` is the only module that changes state.
"""
