"""Processes, sockets and certificates: what turns the applications into a running service."""
