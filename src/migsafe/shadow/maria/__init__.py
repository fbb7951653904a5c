"""What `migsafe verify` does for MySQL and MariaDB: the same proof, on a throw-away MariaDB or a lent server."""
