"""The claims of the linear theory."""
