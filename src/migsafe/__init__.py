"""migsafe: what a database migration would do to a busy database, said before it happens."""

__version__ = "0.1.0"
