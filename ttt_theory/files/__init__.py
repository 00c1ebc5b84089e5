"""A user's files, which may hold anything: opened, bounded, and told what is wrong with them."""
