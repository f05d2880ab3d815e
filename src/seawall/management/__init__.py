"""Managing registries as Azure Resource Manager lets one: what the Azure CLI and its SDKs speak with."""
