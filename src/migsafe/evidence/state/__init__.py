"""The document `migsafe.state/1`: what is so out there, for whoever judges migrations without a database at hand.

Its schema is `../schema/state-1.json`. A tracker exports it; people may write it by hand, and seal it.
"""

from migsafe.evidence.state.canonical import canonical
from migsafe.evidence.state.errors import StateError, TamperedStateError
from migsafe.evidence.state.integrity import MIN_KEY_BYTES, state_key, verify_integrity
from migsafe.evidence.state.reading import read_state, read_state_file, seal
from migsafe.evidence.state.writing import SCHEMA, in_order, write_state

__all__ = [
    "MIN_KEY_BYTES",
    "SCHEMA",
    "StateError",
    "TamperedStateError",
    "canonical",
    "in_order",
    "read_state",
    "read_state_file",
    "seal",
    "state_key",
    "verify_integrity",
    "write_state",
]
