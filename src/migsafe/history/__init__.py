"""Which release carries each migration, and what the code of a release was: from git, a manifest, and headers."""
