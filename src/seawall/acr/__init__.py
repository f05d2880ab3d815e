"""The service's own API at the login door, below ``/acr/v1/``: what ``az acr repository`` and the SDKs speak."""
