"""What other people's notes say about a week, held against our marts: `regime check`.

A note becomes sentences (`note`), a sentence tokens (`tokens`: the words of `words/*.toml`, figures, dates), tokens claims
(`grammar`), a claim the rows that it can be read as (`catalogue`, `readings`), and rows a verdict (`judgement`). Not here:
sentences of our own pages, and anything that a model could guess: what is not understood is listed.
"""
