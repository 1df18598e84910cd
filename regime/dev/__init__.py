"""For those who change this repository: `regime dev check`, `regime dev compare`.

Belongs here: what is asked of a checkout or of two homes before anything is run or published.
Does not: anything that a user of the warehouse calls (the files beside this folder).
"""
