"""What the two APIs that operators' tools speak are, in words that programs read: OpenAPI 3.1."""
