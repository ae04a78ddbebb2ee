"""A function applied to many items by a few threads, results as they come."""

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def concurrently(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[int, Result]]:
    """Yield (index, function(item)) in order of completion, never more than `workers` at a time.

    Items are drawn in the caller's thread, one per result, so they may be made lazily. An exception of `function`
    is raised here. Closing the iterator starts nothing further; the threads do not keep the program from ending.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers cannot work; give at least 1")
    todo: SimpleQueue[tuple[int, Item] | None] = SimpleQueue()
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()

    def work() -> None:
        while (task := todo.get()) is not None:
            index, item = task
            try:
                done.put((index, function(item), None))
            except BaseException as error:  # carried to the caller's thread and raised there
                done.put((index, None, error))

    rest = enumerate(items)
    first = list(islice(rest, workers))
    for _ in first:
        threading.Thread(target=work, daemon=True).start()
    try:
        for task in first:
            todo.put(task)
        running = len(first)
        while running:
            index, result, error = done.get()
            if error is not None:
                raise error
            running -= 1
            for task in islice(rest, 1):
                todo.put(task)
                running += 1
            yield index, result
    finally:
        for _ in first:
            todo.put(None)
