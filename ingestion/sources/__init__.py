"""Sources: which one a run uses, and opening it.

Not here: what the market server serves (simulator), the record of a source itself (warehouse.source).
"""
