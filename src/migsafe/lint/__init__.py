"""The linter: a pure engine, and the shell that reads files for it."""
