"""The pages, a module for each part of the portal. Each takes a visit and returns what is answered."""
