"""The assets along the line, one file per stretch of it: raw, warehouse, publication.

Belongs here: what is made from what, and what is told about it.
Does not: how it is made.
"""
