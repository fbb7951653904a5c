"""Whether now is a moment to change a database: go, no-go, or nobody can tell, and who is in the way."""
