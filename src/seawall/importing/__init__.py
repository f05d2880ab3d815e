"""Images from other registries, brought into one of this node's."""
