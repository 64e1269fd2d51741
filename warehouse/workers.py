"""Work beside other work: many small pieces on as many processors as there are, and what comes while something else is done."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Protocol, TypeVar

FEW = 100  # pieces of some milliseconds each: a process takes a second to start
AT_ONCE = 8

Piece = TypeVar("Piece")
Done = TypeVar("Done")


class Each(Protocol):
    """`function` of each piece, in their order. Elsewhere it runs in another process, so both must be such as can be sent there."""

    def __call__(self, function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> Iterable[Done]: ...


@contextmanager
def workers(pieces: int) -> Iterator[Each]:
    """For so many pieces in all: a few are done here, one after the other."""
    processors = len(os.sched_getaffinity(0))
    if pieces < FEW or processors == 1:
        yield _here
        return
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        yield _each(pool)


class ahead(Iterator[Piece]):
    """The same pieces, each being made while the one before it is used, in a thread of their own; none of them is None. Whoever stops taking waits for the
    one that is being made, and drops it."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._thread = ThreadPoolExecutor(1)
        self._coming: Future[Piece | None] | None = None

    def begin(self) -> "Future[Piece | None]":
        """Have the first piece made before it is asked for."""
        if self._coming is None:
            self._coming = self._next()
        return self._coming

    def __next__(self) -> Piece:
        try:
            piece = self.begin().result()
            if piece is None:
                raise StopIteration
        except BaseException:
            self.close()
            raise
        self._coming = self._next()
        return piece

    def _next(self) -> "Future[Piece | None]":
        return self._thread.submit(next, self._pieces, None)

    def is_ready(self, within_s: float = 0.0) -> bool:
        """Whether nobody need wait longer than that for the next piece, or for being told that there is none. Waits for it."""
        return self._coming is not None and bool(wait([self._coming], within_s).done)

    def is_over(self) -> bool:
        """Whether it is known that there is none any more. Waits for nothing."""
        return self._coming is not None and self._coming.done() and self._coming.exception() is None and self._coming.result() is None

    def close(self) -> None:
        self._thread.shutdown()

    def __del__(self) -> None:
        self.close()


def _here(function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> Iterable[Done]:
    return map(function, pieces)


def _each(pool: Executor) -> Each:
    def each(function: Callable[[Piece], Done], pieces: Sequence[Piece]) -> Iterable[Done]:
        return pool.map(function, pieces, chunksize=AT_ONCE)

    return each


def _end_with_parent() -> None:
    """A parent that is killed tells nobody: a worker would wait for work for ever."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
