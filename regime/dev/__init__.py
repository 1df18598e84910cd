"""For those who change this repository: `regime dev check`, `regime dev compare`.

What is asked of a checkout, or of two homes, before anything is run or published.
"""
