"""What an existing firewall configuration does to the flows that are needed."""
