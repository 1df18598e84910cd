"""The simulated market is made here: its assets, their prices and trading, what is unusual in it, and its known truth.

Everything follows from a name and a seed. Not here: how it is served (server, dialects).
"""
