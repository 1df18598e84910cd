"""Asking: retries, waits that are asked for, and giving up on who does not answer."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from ingestion.http.fetch import Answer, Patience, Refused, Task, Throttle, Unreachable, retry_after_s, run

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)
QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.1, longest_asked_wait_s=0.1, give_up_after=2)


def failing(times: int, error: Exception):
    calls = []

    async def call() -> str:
        calls.append(time.monotonic())
        if len(calls) <= times:
            raise error
        return "answer"

    return call, calls


async def test_what_comes_back_is_asked_again_until_it_answers():
    call, calls = failing(2, Unreachable("down"))
    assert await Throttle("x", QUICK).ask(call) == "answer"
    assert len(calls) == 3


async def test_what_is_refused_is_not_asked_again():
    call, calls = failing(1, Refused("no"))
    with pytest.raises(Refused):
        await Throttle("x", QUICK).ask(call)
    assert len(calls) == 1


async def test_a_wait_that_is_asked_for_holds_everyone_back():
    throttle = Throttle("x", QUICK)
    call, calls = failing(1, Unreachable("429", retry_after_s=0.08))
    other, other_calls = failing(0, Refused(""))

    async def later() -> None:
        await asyncio.sleep(0.02)
        await throttle.ask(other)

    started = time.monotonic()
    await asyncio.gather(throttle.ask(call), later())
    assert calls[1] - started >= 0.08
    assert other_calls[0] - started >= 0.08


async def test_a_wait_longer_than_patience_is_not_kept():
    throttle = Throttle("x", QUICK)
    call, calls = failing(1, Unreachable("429", retry_after_s=3600))
    started = time.monotonic()
    with pytest.raises(Unreachable, match="429"):
        await throttle.ask(call)
    with pytest.raises(Unreachable, match="counts as down"):
        await throttle.ask(call)
    assert len(calls) == 1 and time.monotonic() - started < 1


async def test_a_long_wait_that_is_asked_for_is_kept_and_ends_nothing():
    """A venue's ban of minutes is longer than any wait of ours, and shorter than a run."""
    throttle = Throttle("x", replace(QUICK, longest_wait_s=0.01, longest_asked_wait_s=1.0, give_up_after=1))
    call, calls = failing(2, Unreachable("banned", retry_after_s=0.06))
    assert await throttle.ask(call) == "answer"
    assert [later - earlier >= 0.06 for earlier, later in pairwise(calls)] == [True, True]


async def test_who_does_not_answer_is_given_up_and_an_answer_in_between_counts():
    throttle = Throttle("x", QUICK)
    never, calls = failing(1000, Unreachable("silence"))
    good, _ = failing(0, Refused(""))
    for question in (never, good, never, never):
        if question is good:
            await throttle.ask(good)
        else:
            with pytest.raises(Unreachable, match=r"^silence"):
                await throttle.ask(question)
    with pytest.raises(Unreachable, match="x counts as down after 2 questions: silence"):
        await throttle.ask(good)
    assert len(calls) == 3 * QUICK.attempts


async def test_calls_per_minute_are_spaced():
    throttle = Throttle("x", QUICK, calls_per_minute=60 / 0.03)
    call, calls = failing(0, Refused(""))
    begun = time.monotonic()
    await asyncio.gather(*(throttle.ask(call) for _ in range(4)))
    # Each has a turn of its own that it cannot come before; on a busy machine it may well come after.
    assert all(asked - begun >= turn * 0.03 - 0.002 for turn, asked in enumerate(calls))


async def test_no_more_questions_at_once_than_a_line_allows():
    throttle, at_once, most = Throttle("x", QUICK, at_once=3), 0, 0

    async def work() -> Answer:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.002)
        at_once -= 1
        return Answer(None)

    tasks = [Task(throttle, "x", None, str(i), NOW, NOW, work) for i in range(20)]
    assert len([outcome async for outcome in run(tasks)]) == 20
    assert most == 3


async def test_failures_are_outcomes_follow_ups_are_asked_and_bugs_are_raised():
    throttle = Throttle("x", QUICK)

    async def refuse() -> Answer:
        raise Refused("not\n  today")

    async def lead() -> Answer:
        return Answer(None, then=[Task(throttle, "x", None, "followed", NOW, NOW, refuse)])

    async def bug() -> Answer:
        raise ZeroDivisionError

    outcomes = [o async for o in run([Task(throttle, "x", None, "lead", NOW, NOW, lead)])]
    assert [(o.task.series, o.reason) for o in outcomes] == [("lead", None), ("followed", "not today")]
    with pytest.raises(ZeroDivisionError):
        _ = [o async for o in run([Task(throttle, "x", None, "bug", NOW, NOW, bug)])]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "12"}, 12.0), ({}, None), ({"Retry-After": "Mon, 24 Nov"}, None), (None, None)],
)
def test_retry_after(headers, seconds):
    assert retry_after_s(headers) == seconds


async def test_calls_of_more_weight_take_more_of_the_minute():
    throttle = Throttle("x", QUICK, calls_per_minute=60 / 0.01)
    call, calls = failing(0, Refused(""))
    await throttle.once(call, 8.0)
    await throttle.once(call)
    assert calls[1] - calls[0] >= 0.08


async def test_questions_are_put_in_turn_and_none_after_the_time_is_up():
    put = []

    def question(name: str, turn: int) -> Task:
        async def answer() -> Answer:
            put.append(name)
            await asyncio.sleep(0.03)
            return Answer(None)

        return Task(throttle, "x", None, name, NOW, NOW, answer, turn=turn)

    throttle = Throttle("x", QUICK, at_once=1)
    tasks = [question(name, turn) for name, turn in (("c", 3), ("a", 1), ("d", 4), ("b", 2))]
    outcomes = {outcome.task.series: outcome.reason async for outcome in run(tasks, seconds=0.05)}
    assert put == ["a", "b"]
    assert outcomes["a"] is outcomes["b"] is None
    assert str(outcomes["c"]).startswith("not asked yet: ") and outcomes["c"] == outcomes["d"]
