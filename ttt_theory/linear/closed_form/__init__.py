"""Formulas compiled from the derivations, one module per derivation.

The functions use integers, the four operations and powers alone.  They take floats and arrays, and
as well exact fractions and SymPy symbols: what the claims prove about them is proved about the code
that computes the numbers.  Sizes are best passed as floats, since NumPy integers overflow.
"""
