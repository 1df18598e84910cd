"""`python -m regime`, the same as `regime`.

Belongs here: nothing else.
"""

from regime.cli import main

main()
