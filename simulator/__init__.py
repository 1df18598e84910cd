"""A market that trades, with known truth, served over HTTP in the venues' own dialects; or a replay of real tables.

It stands in for the outside world and runs as a process of its own: no package imports this one, and this one imports
no other package of the project.
"""

import os

# Before numpy loads: on a busy machine its threads wait for each other for minutes, and the matrices here are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
