"""`python -m regime`, the same as `regime`."""

from regime.cli import main

main()
