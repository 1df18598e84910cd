"""The metrics once more, in numpy and pandas, from `metrics.md`'s words alone: what the marts are compared with.

Belongs here: straightforward computation from raw frames, slow where that is plainer.
Does not: any SQL of the project. Only identities (instrument → asset) and reference seeds are taken as given,
for they are judgements and are tested apart.
"""
