"""Telling others what happens to a registry's images."""
