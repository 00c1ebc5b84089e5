"""Other routes to the risk of the linear theory, for its claims to compare with."""
