"""Settings of the linear theory, and the files that describe them."""
