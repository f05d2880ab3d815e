"""The login door's REST interface: OCI distribution 1.1, and what the specification's main branch adds to it."""
