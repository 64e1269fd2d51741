"""Waiting with a deadline: every test that waits for another process does it here, and says what it waited for."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(what: str, found: Callable[[], Found | None], limit_s: float, every_s: float = 0.2) -> Found:
    """Ask again and again until the answer is neither None nor False; fails with `what` when the time is up."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = found()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {limit_s:.0f} s in vain for: {what}")
        time.sleep(every_s)
