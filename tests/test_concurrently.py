"""Threads that apply a function: each item once, few at a time, errors raised, an end at any time."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.concurrently import concurrently


@given(st.lists(st.integers(), max_size=30), st.integers(1, 8))
@settings(deadline=None)
def test_every_item_is_done_once(items, workers):
    assert sorted(concurrently(lambda x: 2 * x, items, workers)) == sorted((i, 2 * x) for i, x in enumerate(items))


def test_results_come_as_they_are_ready():
    second_is_done = threading.Event()
    found = concurrently(lambda x: second_is_done.wait(10) if x == 0 else None, [0, 1], 2)
    assert next(found)[0] == 1
    second_is_done.set()
    assert next(found) == (0, True)


def test_no_more_than_the_workers_are_busy_and_items_are_made_when_needed():
    made = []

    def items():
        for k in range(20):
            made.append(k)
            yield k

    found = concurrently(lambda x: x, items(), 3)
    next(found)
    assert len(made) <= 4


def test_an_error_is_raised_where_the_results_are_read():
    def divide(x):
        return 1 / x

    with pytest.raises(ZeroDivisionError, match="division by zero"):
        list(concurrently(divide, [1, 0, 2], 2))


def test_closing_starts_nothing_further():
    begun = []
    found = concurrently(begun.append, range(100), 2)
    next(found)
    found.close()
    assert len(begun) <= 4


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        list(concurrently(str, [1], 0))
