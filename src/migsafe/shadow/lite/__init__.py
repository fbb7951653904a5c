"""What `migsafe verify` does for SQLite: the same proof, in memory and in this process."""
