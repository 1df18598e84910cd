"""A market that trades, with known truth, served over HTTP in the venues' own dialects; or a replay of real tables.

Belongs here: everything that stands in for the outside world. It runs as a process of its own.
Does not: anything of the product. No package imports this one, and this one imports no other package of the project.
"""

import os

# Before numpy loads: on a busy machine its threads wait for each other for minutes, and the matrices here are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
