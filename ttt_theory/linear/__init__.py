"""The linear theory: one step of test-time training of a linear transformer ([G25] and ours)."""
