"""How fast the line is beside its peers: ratios from one run, never timed tests. `python -m benchmarks`.

Belongs here: preparing comparable homes, running the contestants in turn, the table.
Does not: anything the product needs. Only files here import both the simulator and the product.
"""
