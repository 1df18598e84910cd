"""How the reason of a failed request begins where asking again is useless: by that the ledger knows it."""

NOT_OFFERED = "not offered"
NOT_KEPT = "not kept"
