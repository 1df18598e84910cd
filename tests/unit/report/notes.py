"""A note that says next to nothing, for pages whose sections are what is tested."""

from report.document import Note
from report.figures import Figure
from report.text import say

_FIGURE = Figure(1.0, "percent", "index_returns_weekly", (("index_id", "top30"),), "return_pct", "mon_mon")
_SENTENCE = say("nothing", "Crypto returned {returned}.", returned=_FIGURE)

NEXT_TO_NOTHING = Note(_SENTENCE, _SENTENCE, (), (), ())
