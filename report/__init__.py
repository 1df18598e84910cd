"""The note of a week: reads the marts of an open database and writes pages of sentences, tables and charts.

Not here: arithmetic on figures (a number that is missing is a column to add to a mart), Dagster, ingestion.
"""
