"""v2 works with both columns: rows that nobody has written since the expand have no full_name yet."""

READS = "SELECT coalesce(full_name, name) FROM users WHERE id = %s"
RENAMES = "UPDATE users SET full_name = %s WHERE id = %s"
ADDS = "INSERT INTO users (email, full_name) VALUES (%s, %s)"

shows = str.strip
