"""Firewall products: what each can express, and its language. One file each."""
