"""What a claim can rest on: identities, limits, exact averages and equivalence tests."""
