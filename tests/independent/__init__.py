"""The metrics once more, in numpy and pandas, from their definitions in words: what the marts are compared with.

Straightforward computation from raw frames, slow where that is plainer, and no SQL of the project. Only identities
(instrument → asset) and reference seeds are taken as given: they are judgements and are tested apart.
"""
