"""How fast the line is beside its peers: ratios from one run, never timed tests. `python -m benchmarks`.

Only files here import both the simulator and the product.
"""
