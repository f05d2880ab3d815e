"""What firewalls poll: the rules of a registry in their own language, and this cloud's own service tags."""
