"""The running release survives: its queries, asked before and after a migration whether they still work."""
