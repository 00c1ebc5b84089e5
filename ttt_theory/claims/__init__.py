"""The statements of the theory, each with its source and the evidence it asks for.

A new claim is one `Claim` in the ``CLAIMS`` of a module here; a new group is one module, named in
`registry`.
"""
