"""The assets along the line, one file per stretch of it: origins, raw, models, publication."""
