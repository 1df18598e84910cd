"""Bulk files for what happened before anyone asked, one small file per publisher of archives."""
