"""MySQL and MariaDB: addresses, connection rules, and what a schema holds; the only package that imports PyMySQL."""
