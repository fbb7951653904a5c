"""The command line: one module per command, each turning options into one call of the API and one report."""
