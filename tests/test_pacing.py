"""Limits per minute, on a clock that moves only when somebody sleeps."""

import random
import threading

import pytest

from embodied.pacing import MINUTE, Pace


class Clock:
    """Time as the sleeps add up."""

    def __init__(self):
        self.now, self.lock = 0.0, threading.Lock()

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        with self.lock:
            self.now += seconds


def entries(n, expected=0.0, actual=0.0, **limits):
    """When each of n requests was let through."""
    clock = Clock()
    pace = Pace(**limits, clock=clock, sleep=clock.sleep)
    times = []
    for _ in range(n):
        entry = pace.enter(expected)
        times.append(clock.now)
        pace.leave(entry, actual)
        clock.now += 0.25
    return times


def most_in_a_minute(times, each=1.0):
    return max(sum(each for other in times if t <= other < t + MINUTE) for t in times)


def test_no_minute_holds_more_requests_than_allowed():
    times = entries(50, requests=7)
    assert most_in_a_minute(times) == 7
    assert times[-1] < 7.1 * MINUTE  # and hardly any holds fewer


def test_no_minute_holds_more_tokens_than_allowed():
    times = entries(40, expected=900.0, actual=1000.0, tokens=5500)
    assert most_in_a_minute(times, 1000.0) == 5000.0


def test_without_limits_nobody_waits():
    assert entries(100) == [0.25 * k for k in range(100)]


def test_a_request_beyond_the_limit_goes_alone():
    times = entries(3, expected=9000.0, tokens=1000)
    assert times == pytest.approx([0.0, 60.0, 120.0])


def test_what_was_expected_counts_until_it_is_known():
    clock = Clock()
    pace = Pace(tokens=1000, clock=clock, sleep=clock.sleep)
    first = pace.enter(800.0)
    pace.leave(first, 100)
    pace.enter(800.0)
    assert clock.now == 0.0
    pace.enter(800.0)
    assert clock.now == MINUTE


def test_threads_share_one_limit():
    clock, times, lock = Clock(), [], threading.Lock()
    pace = Pace(requests=5, clock=clock, sleep=clock.sleep)

    def work():
        for _ in range(10):
            entry = pace.enter(random.random())
            with lock:
                times.append(entry.at)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 40
    assert most_in_a_minute(sorted(times)) <= 5


@pytest.mark.parametrize("limits", [{"requests": 0.5}, {"tokens": 0}])
def test_a_limit_that_lets_nothing_through_is_refused(limits):
    with pytest.raises(ValueError, match="at least 1"):
        Pace(**limits)
