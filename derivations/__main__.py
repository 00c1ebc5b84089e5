"""Compile every derivation into its theory's closed_form/: ``python -m derivations``."""

from derivations.compiled import write_all

if __name__ == "__main__":
    for path in write_all():
        print(path)
