"""Keeps and publishes: landing, loading, revisions, quarantine, the coverage ledger, builds, publications, and the home
they lie in. The bottom layer: it imports none of the other packages.

Not here: asking venues (ingestion), what is believable (expectations), SQL that computes (dbt_project), words (report).
"""
