"""Contract plans: what somebody signs before a column or a table goes, and what voids the signature.

Pure are the plan's values, its hash, its gates and its clearance; `making` and `keeping` read, call and write.
"""
