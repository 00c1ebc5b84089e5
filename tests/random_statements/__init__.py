"""Random statements put to `check`, each verdict beside an evaluation of its own."""
