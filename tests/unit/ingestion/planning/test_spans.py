"""Arithmetic on windows, against hours that are counted one by one."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ingestion.planning.spans import joined, left_of

T0 = datetime(2025, 11, 3, tzinfo=UTC)


def window(start, end):
    return T0 + timedelta(hours=start), T0 + timedelta(hours=end)


def hours(windows):
    """The whole hours that lie in the windows."""
    edges = [[(moment - T0) // timedelta(hours=1) for moment in edge] for edge in windows]
    return {n for start, end in edges for n in range(start, end)}


@pytest.mark.parametrize("seed", range(50))
def test_what_is_left_and_what_was_taken_are_the_whole(seed):
    rng = random.Random(seed)
    taken = [
        window(start, start + rng.randrange(30)) for start in (rng.randrange(-20, 120) for _ in range(rng.randrange(6)))
    ]
    left = left_of(window(0, 100), taken)
    assert hours(left) == set(range(100)) - hours(taken)
    assert all(start < end for start, end in left)
    assert all(before[1] < after[0] for before, after in pairwise(left))


def test_near_windows_are_one_question_and_far_ones_are_not():
    day = timedelta(hours=24)
    assert joined([window(50, 60), window(0, 10), window(30, 34)], day) == [window(0, 60)]
    assert joined([window(0, 10), window(35, 40)], day) == [window(0, 10), window(35, 40)]
    assert joined([window(0, 10), window(2, 5)], day) == [window(0, 10)]
    assert joined([]) == []
