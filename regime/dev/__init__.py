"""For those who change this repository: `regime dev check`, `regime dev read`, `regime dev compare`.

What is asked of a checkout, of recorded answers, or of two homes, before anything is run or published.
"""
