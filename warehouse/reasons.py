"""How reasons begin, in requests and in the ledger, where others must know what they mean."""

# A failed request: asking again is useless.
NOT_OFFERED = "not offered"
NOT_KEPT = "not kept"
# A gap (coverage.sql): the venue has answered, without the rows or with what a guard holds.
ANSWERED = "the venue answered"
