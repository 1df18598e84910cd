"""For those who change this repository: `regime dev check`, `regime dev read`, `regime dev compare`.

Belongs here: what is asked of a checkout, of recorded answers, or of two homes before anything is run or published.
Does not: anything that a user of the warehouse calls (the files beside this folder).
"""
