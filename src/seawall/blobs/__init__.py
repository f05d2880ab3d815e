"""Content-addressed bytes and the uploads that make them."""
