"""Publishing: the gate, a version with its pages and sentences, the swap, the versions that are kept, the way back.

Not here: what the pages say (report).
"""
