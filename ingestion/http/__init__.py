"""HTTP: requests that are repeated patiently and never for ever, answers that are read within limits.

Not here: what is asked and what an answer means (venues, references, archives).
"""
