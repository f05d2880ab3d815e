"""Checking from the client's side: the whole way of a pull, step by step, and what stands in it."""
