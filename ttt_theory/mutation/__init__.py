"""Wrong theorems, planted in place of the right ones, for the evidence to reject."""
