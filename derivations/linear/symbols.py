"""The scalar symbols that the derivations share.

======================  =====================================================
``n``, ``k``, ``d``     context length, test samples, feature dimension
``noise``, ``norm2``    σ² and ‖β‖²
``s``                   the label variance βᵀΣ_xβ + σ²
``w``                   the weight of W = wI
``step``                η
``alpha``, ``gamma``    n/d and k/d
======================  =====================================================
"""

import sympy

n, k, d, s, alpha, gamma = sympy.symbols("n k d s alpha gamma", positive=True)
noise, norm2, step = sympy.symbols("sigma2 norm2 eta", nonnegative=True)
w = sympy.Symbol("w", real=True)
