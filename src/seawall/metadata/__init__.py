"""What the registry knows: names, tags, links and rights, in SQLite or PostgreSQL."""
