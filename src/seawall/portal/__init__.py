"""The portal: pages on which operators look at registries and change what clients need, served with the API."""
