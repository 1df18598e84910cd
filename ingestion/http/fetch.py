"""Asking: one question at a time, as often as its answerer allows, patiently, and never for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

import pyarrow as pa
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ingestion.secrets import redact
from warehouse.landing import NOT_ASKED, NOT_KEPT, NOT_OFFERED
from warehouse.untrusted import one_line

T = TypeVar("T")

LONGEST_REASON = 300


class FetchError(RuntimeError):
    """There is no usable answer; the message says why, and becomes the reason in the ledger."""


class Refused(FetchError):
    """The answer is no, and asking again would not change it: a bad request, a forbidden place."""


class NotOffered(Refused):
    """The series does not exist there (any more). The ledger knows these by how their reason begins."""

    PREFIX = NOT_OFFERED

    def __init__(self, message: str) -> None:
        super().__init__(f"{self.PREFIX}: {message}")


class OutOfRange(Refused):
    """The window reaches further back than is answered, or is too long: a later or shorter one may be."""


class NotKept(Refused):
    """The venue gave it once and keeps it no longer, so it was not even asked. Known by how its reason begins."""

    PREFIX = NOT_KEPT

    def __init__(self, message: str) -> None:
        super().__init__(f"{self.PREFIX}: {message}")


class NotAsked(FetchError):
    """The time was up before it was its turn. Known by how its reason begins."""

    PREFIX = NOT_ASKED

    def __init__(self) -> None:
        super().__init__(f"{self.PREFIX}: what the last week needs came first; `regime backfill --history` asks for it")


class Unreachable(FetchError):
    """No answer this time: the network, a time-out, a rate limit, a server that is unwell. Worth asking again."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Malformed(Unreachable):
    """Something came that is not an answer: a page of HTML, half a JSON document, a text where a number belongs."""


@dataclass(frozen=True)
class Covered:
    """A series that an answer spoke of, beside the one that was named: from when to when, in how many rows."""

    market_type: str | None
    series: str
    window_start: datetime
    window_end: datetime
    rows: int


@dataclass
class Answer:
    """What came: rows of the dataset, the series that they cover, and what to ask next because of it.

    An answer that `is_indirect` has no line of its own in the ledger: the series that it covers have, and the questions
    that it names.
    `since` is from when on it answers, where that is later than what was asked.
    """

    rows: pa.Table | None
    covers: Sequence[Covered] = ()
    then: Sequence["Task"] = ()
    is_indirect: bool = False
    since: datetime | None = None


async def not_kept(words: str) -> Answer:
    """The answer to a question that need not be asked."""
    raise NotKept(words)


@dataclass(frozen=True)
class Cost:
    """What a question is expected to take: requests, the time that a limit spreads them over, what comes.

    `limit` names the budget that they are paid out of: questions of different ones need not wait for each other.
    """

    requests: int = 1
    seconds: float = 0.0
    rows: int = 0
    files: int = 0
    megabytes: float = 0.0
    limit: str = ""


@dataclass
class Task:
    """One question to one origin: a series and its window, or (`series` starts with `*`) a whole list or file.

    Questions of a lower `turn` are asked first. `archive` is whose files answer; None: the origin itself does.
    """

    throttle: "Throttle"
    origin: str
    market_type: str | None
    series: str
    window_start: datetime
    window_end: datetime
    run: Callable[[], Awaitable[Answer]]
    cost: Cost = field(default=Cost(), repr=False)
    turn: int = 0
    archive: str | None = None


@dataclass
class Outcome:
    """How a task ended: an answer, or the reason why there is none."""

    task: Task
    answer: Answer | None
    reason: str | None = None


@dataclass(frozen=True)
class Patience:
    """How long one question is repeated, and after how many unanswered questions an origin counts as down.

    `longest_wait_s` is the longest wait of our own choosing. A longer one that the origin asks for is kept, up to
    `longest_asked_wait_s` (a venue's usual ban is ten minutes); other origins are asked meanwhile.
    """

    attempts: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    give_up_after: int = 3
    longest_asked_wait_s: float = 900.0


# A market server on this machine either answers soon or not at all.
IMPATIENT = Patience(attempts=4, first_wait_s=0.1, longest_wait_s=5.0, longest_asked_wait_s=5.0)


@dataclass
class Throttle:
    """The limits of one origin: how many questions at once, how often, how patiently, and whether it still answers.

    Calls weigh 1 unless said otherwise; `calls_per_minute` is the weight of a minute.

    When `patience.give_up_after` questions in a row stay without an answer after all their retries, the origin counts
    as down and the questions that are left fail at once: one dead venue must not hold up the week.
    """

    name: str
    patience: Patience = field(default_factory=Patience)
    at_once: int = 4
    calls_per_minute: float | None = None
    _unanswered: int = 0
    _quiet_until: float = 0.0
    _next_call: float = 0.0
    _last_reason: str = ""

    def __post_init__(self) -> None:
        self.slots = asyncio.Semaphore(self.at_once)

    async def ask(self, call: Callable[[], Awaitable[T]], weight: float = 1.0) -> T:
        """The result of one call, repeated while it is Unreachable; waits that the origin asks for are kept."""
        return await self.patiently(partial(self.once, call, weight))

    async def once(self, call: Callable[[], Awaitable[T]], weight: float = 1.0) -> T:
        """The result of one call, made when it is its turn: its weight counts against the origin's limit."""
        await self._turn(weight)
        return await call()

    async def patiently(self, question: Callable[[], Awaitable[T]]) -> T:
        """The result of a question, repeated while it is Unreachable; its calls take their turns by `once`."""
        if self._unanswered >= self.patience.give_up_after:
            raise Unreachable(f"{self.name} counts as down after {self._unanswered} questions: {self._last_reason}")
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unreachable),
            stop=self._is_enough,
            wait=self._wait_s,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    result = await question()
        except Unreachable as error:
            self._unanswered += 1
            if (error.retry_after_s or 0) > self.patience.longest_asked_wait_s:
                self._unanswered = self.patience.give_up_after
            self._last_reason = str(error)
            raise
        except Refused:
            self._unanswered = 0
            raise
        self._unanswered = 0
        return result

    async def _turn(self, weight: float) -> None:
        """Wait until this origin may be asked again."""
        clock = asyncio.get_running_loop().time
        if self.calls_per_minute:
            start = max(self._next_call, clock())
            self._next_call = start + 60 * weight / self.calls_per_minute
            await asyncio.sleep(start - clock())
        while (wait := self._quiet_until - clock()) > 0:
            await asyncio.sleep(wait)

    def _is_enough(self, state: RetryCallState) -> bool:
        asked = _asked_wait_s(state)
        if asked is not None and asked > self.patience.longest_asked_wait_s:
            return True
        return bool(stop_after_attempt(self.patience.attempts)(state))

    def _wait_s(self, state: RetryCallState) -> float:
        asked = min(_asked_wait_s(state) or 0.0, self.patience.longest_asked_wait_s)
        if asked:  # a rate limit is the origin's, not the question's: everyone waits
            self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + asked)
        backoff = wait_random_exponential(self.patience.first_wait_s, max=self.patience.longest_wait_s)(state)
        return max(asked, backoff)


def _asked_wait_s(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_s if isinstance(error, Unreachable) else None


def retry_after_s(headers: object) -> float | None:
    """The seconds of a Retry-After header; None where there is none (or a date, which nobody here sends)."""
    get = getattr(headers, "get", None)
    value = (get("Retry-After") or get("retry-after")) if get else None
    try:
        return float(value) if value is not None else None
    except ValueError:
        return None


def in_ledger(error: FetchError) -> str:
    """An error as a reason: one printable line without secrets. Its words may be those of whoever answered."""
    return one_line(redact(str(error)), LONGEST_REASON)


async def run(tasks: Sequence[Task], seconds: float | None = None) -> AsyncIterator[Outcome]:
    """Ask everything, each origin as many questions at once as it allows; outcomes as they come, in no order.

    An answer may name further questions; they are asked too. A task that fails is an outcome, never an exception;
    anything that is not a FetchError is a bug and ends the run. After `seconds` no question is begun.
    """
    done: asyncio.Queue[Outcome | BaseException] = asyncio.Queue()
    clock = asyncio.get_running_loop().time
    ends_at = None if seconds is None else clock() + seconds

    async def one(task: Task) -> None:
        try:
            async with task.throttle.slots:
                if ends_at is not None and clock() >= ends_at:
                    raise NotAsked
                answer = await task.run()
            done.put_nowait(Outcome(task, answer))
        except FetchError as error:
            done.put_nowait(Outcome(task, None, in_ledger(error)))
        except BaseException as error:
            done.put_nowait(error)
            raise

    running = {asyncio.create_task(one(task)) for task in sorted(tasks, key=lambda task: task.turn)}
    left = len(running)
    try:
        while left:
            outcome = await done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            for task in outcome.answer.then if outcome.answer else ():
                running.add(asyncio.create_task(one(task)))
                left += 1
            left -= 1
            yield outcome
    finally:
        for waiting in running:
            waiting.cancel()
        await asyncio.gather(*running, return_exceptions=True)
