"""What stands beside the weeks' pages: the page of all weeks, its feeds, the chain of hashes."""
