"""One file for each engine that moves traffic or replaces processes."""
