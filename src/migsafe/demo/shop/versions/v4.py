"""v4 is v3 without its bug."""

READS = "SELECT full_name FROM users WHERE id = %s"
RENAMES = "UPDATE users SET full_name = %s WHERE id = %s"
ADDS = "INSERT INTO users (email, full_name) VALUES (%s, %s)"


def shows(name: str) -> str:
    """Somebody's name for the new page, which sorts by last names; of who has one name only, by that."""
    last = name.split()[-1]
    return f"{name.removesuffix(last)}{last}"
