"""The words of the week: reads marts of an open database and writes pages; computes nothing.

Belongs here: sentences, tables and pages made of figures that stand in marts.
Does not: arithmetic on figures (a number that is missing is a column to add to a mart), Dagster, ingestion.
"""
