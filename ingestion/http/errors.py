"""What an error of a service means for us: whether to ask again, ask for less, or not ask at all.

Services say it by status, by a code inside of an answer with status 200, or in words alone. A venue's or provider's own
codes are declared in its file, as rules; what they have in common stands here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ingestion.http.fetch import FetchError, Malformed, NotOffered, OutOfRange, Refused, Unreachable, retry_after_s

Kind = Literal["retry", "narrow", "not_offered", "malformed", "give_up"]

BUSY_STATUSES = {408, 418, 425, 429}
# No key or a wrong one, not from this place, another question: none of it changes by asking again.
REFUSED_STATUSES = {401, 403, 405, 410, 451}

# A window that reaches further back than is kept, or is longer than is answered, in the words of several venues.
_OUT_OF_RANGE = re.compile(
    r"\b(from|start|begin|since|after|end)[ _]?(time|date|at)?\b[^.]{0,40}"
    r"\b(exceed\w*|too (old|early|far|long|large|big)|older|earlier|beyond|within \d+|\d+[ -]?(day|month|year))"
    r"|\btime ?(range|span|window|interval)\b[^.]{0,60}\b(exceed\w*|too|great\w*|larger|longer|within|allowed|over)"
    r"|\b(allowed|requested) time range\b"
    r"|\b(range|interval|span)\b[^.]{0,30}\b(cannot|can't|must not|should not) (be|exceed)"
    r"|range must be within|too long ago|range too (broad|large|long)|too many (candles\w*|data points)",
    re.IGNORECASE,
)
_NOT_OFFERED = re.compile(
    r"\b(symbol|contract|instrument|market|product|pair|coin|inst ?id)s?\b[^.]{0,60}"
    r"\b(invalid|not (found|exist\w*|supported|listed|available)|(does|do)(n't| not) exist|unknown|delisted|removed)"
    r"|\b(invalid|unknown|no such|unsupported|not supported) (symbol|contract|instrument|market|product|pair|coin)s?\b",
    re.IGNORECASE,
)

# Where services put an error's code and its words.
_CODES = ("retCode", "code", "label", "error_code")
_WORDS = ("retMsg", "msg", "message", "error_message", "description", "error", "errors")
_INNER = ("error", "errors", "status", "chart", "finance")


@dataclass(frozen=True)
class ErrorRule:
    """What one error of one service means. It holds where the code, the words and the status are those that it names.

    `codes` are compared as text, `says` is searched in the words, whatever their case. `wait_s` is how long to wait
    where the answer does not say.
    """

    kind: Kind
    codes: tuple[str, ...] = ()
    says: str = ""
    statuses: tuple[int, ...] = ()
    wait_s: float | None = None

    def fits(self, status: int, code: str, words: str) -> bool:
        """True if this is the error."""
        return (
            (not self.codes or code in self.codes)
            and (not self.statuses or status in self.statuses)
            and (not self.says or re.search(self.says, words, re.IGNORECASE) is not None)
        )


def failure(
    status: int, headers: object, body: str, parsed: Any, rules: Sequence[ErrorRule], where: str, phrase: str = ""
) -> FetchError | None:
    """The error that an answer is; None if it is none by its status and by its service's rules."""
    code, words = _said(parsed)
    words = words or body[:2000]
    told = " ".join(filter(None, ("HTTP", str(status), phrase, "from", where))) + (
        f": {words[:200].strip()}" if words and (status >= 400 or code) else ""
    )
    for rule in rules:
        if rule.fits(status, code, words):
            return _error(rule.kind, told, retry_after_s(headers) or rule.wait_s)
    if status in BUSY_STATUSES or status >= 500:
        return Unreachable(told, retry_after_s(headers))
    if status in REFUSED_STATUSES:
        return Refused(told)
    if 300 <= status < 400:  # who answers must not choose whom we ask next
        return Refused(f"HTTP {status} from {where}: it points to another address; redirects are not followed")
    is_error = status >= 400 or code not in ("", "0", "00000", "200")
    if is_error and _OUT_OF_RANGE.search(words):
        return OutOfRange(told)
    if is_error and _NOT_OFFERED.search(words):
        return NotOffered(told)
    return Refused(told) if status >= 400 else None


def _error(kind: Kind, told: str, wait_s: float | None) -> FetchError:
    if kind == "retry":
        return Unreachable(told, wait_s)
    kinds: dict[Kind, type[FetchError]] = {
        "narrow": OutOfRange, "not_offered": NotOffered, "malformed": Malformed, "give_up": Refused,
    }  # fmt: skip
    return kinds[kind](told)


def _said(parsed: Any) -> tuple[str, str]:
    """The code and the words of an answer that is an error, '' where it has none."""
    code, words = "", ""
    level: Any = parsed if isinstance(parsed, Mapping) else None
    for _ in range(4):  # some wrap their error once or twice: {"error": {"status": {"error_code": …}}}
        if isinstance(level, list):
            level = level[0] if level else None
        if not isinstance(level, Mapping):
            break
        code = code or next((str(level[name]) for name in _CODES if isinstance(level.get(name), str | int)), "")
        words = words or next((level[name] for name in _WORDS if isinstance(level.get(name), str)), "")
        level = next((level[name] for name in _INNER if isinstance(level.get(name), Mapping | list)), None)
    return code, words
