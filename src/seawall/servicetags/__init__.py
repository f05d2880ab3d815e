"""Microsoft's weekly lists of address ranges: read, verified, compared, kept."""
