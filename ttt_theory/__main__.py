"""The command as a module: ``python -m ttt_theory``."""

from ttt_theory.cli import main

main()
