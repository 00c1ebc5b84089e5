"""What came out of a run, as Markdown, JSON and tables on the terminal."""
