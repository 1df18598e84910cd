"""What is due, from whom: the plan of an ingestion, its time spans, and what can be asked at all.

Not here: asking (ingest), which answers are missing (warehouse.coverage).
"""
