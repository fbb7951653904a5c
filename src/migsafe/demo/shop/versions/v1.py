"""v1 knows users.name alone."""

READS = "SELECT name FROM users WHERE id = %s"
RENAMES = "UPDATE users SET name = %s WHERE id = %s"
ADDS = "INSERT INTO users (email, name) VALUES (%s, %s)"

shows = str.strip
