"""Putting a home in order: what killed runs left is swept, a staging database that cannot be used is made anew."""
