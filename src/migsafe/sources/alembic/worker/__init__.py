"""The process that runs revisions and says which SQL they send; started with `python -m`, spoken to over pipes."""
