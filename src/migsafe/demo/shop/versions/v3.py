"""v3 knows users.full_name alone, and has a bug."""

READS = "SELECT full_name FROM users WHERE id = %s"
RENAMES = "UPDATE users SET full_name = %s WHERE id = %s"
ADDS = "INSERT INTO users (email, full_name) VALUES (%s, %s)"


def shows(name: str) -> str:
    """Somebody's name for the new page, which sorts by last names.

    Who wrote this has never met anybody with one name only: they get an IndexError, and the person a 500.
    """
    last = name.split()[1]
    return f"{name.removesuffix(last)}{last}"
