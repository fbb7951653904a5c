"""Migrations, run one step at a time: journalled, under a lock, and resumed where they were cut off."""
