"""What other people's notes say about a week, held against our marts: `regime check`.

A note becomes sentences (`note`), a sentence tokens (`tokens`: the words of `words/*.toml`, `figures`, `dates`) and
clauses, a clause claims (`grammar`, `shapes`, `amounts`, `subjects`), a claim the rows that it can be read as
(`catalogue`, `readings`), and rows a verdict (`judgement`), which `telling` and `terminal` tell. Not here: sentences of
our own pages, and guesses: what is not understood is listed.
"""
