"""Phases: what each operation is by nature, which change it is a step of, and whether its time has come; pure."""
