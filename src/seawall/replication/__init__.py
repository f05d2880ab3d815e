"""Several regions, one registry: each node takes over the others' logs and copies the blobs they speak of."""
