"""The command line: arguments, errors in one line, exit codes, progress on a terminal.

Not here: the work (orchestration, ingestion, warehouse), the words of the week (report).
"""
