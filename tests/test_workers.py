"""Work beside other work: what is being made while something else is done comes out whole, in order, and is stopped when nobody takes it any more."""

import threading
from collections.abc import Iterator

import pytest

from tests.waiting import wait_until
from warehouse.workers import ahead


def numbers(made: list[int], until: int = 1_000) -> Iterator[int]:
    for number in range(until):
        made.append(number)
        yield number


def one_and_an_error() -> Iterator[int]:
    yield 1
    raise ValueError("the second")


def test_pieces_come_in_their_order() -> None:
    assert list(ahead(numbers([], 100))) == list(range(100))


def test_one_piece_is_made_while_the_one_before_it_is_used() -> None:
    begun, used = threading.Event(), threading.Event()

    def pieces() -> Iterator[str]:
        yield "first"
        begun.set()
        assert used.wait(30)
        yield "second"

    coming = ahead(pieces())
    assert next(coming) == "first"
    assert begun.wait(30)  # the second is being made, though nobody has asked for it
    used.set()
    assert list(coming) == ["second"]


def test_it_is_known_whether_the_next_piece_must_be_waited_for() -> None:
    go_on = threading.Event()

    def pieces() -> Iterator[str]:
        yield "first"
        assert go_on.wait(30)
        yield "second"

    coming = ahead(pieces())
    assert not coming.is_ready()  # it is begun when somebody asks for it
    assert next(coming) == "first"
    assert not coming.is_ready()
    go_on.set()
    wait_until("the second piece", coming.is_ready, limit_s=30, every_s=0.01)
    assert next(coming) == "second"
    wait_until("the end", coming.is_ready, limit_s=30, every_s=0.01)
    assert list(coming) == []


def test_the_first_piece_can_be_made_before_it_is_asked_for_and_the_end_is_known_without_asking() -> None:
    made: list[int] = []
    coming = ahead(numbers(made, 2))
    assert (made, coming.is_over()) == ([], False)
    coming.begin()
    wait_until("the first piece", lambda: made == [0], limit_s=30, every_s=0.01)
    assert not coming.is_over()
    assert [next(coming), next(coming)] == [0, 1]
    wait_until("the end", coming.is_over, limit_s=30, every_s=0.01)
    assert list(coming) == []
    assert coming.is_over()


def test_what_went_wrong_is_no_end() -> None:
    coming = ahead(one_and_an_error())
    assert next(coming) == 1
    wait_until("the second", coming.is_ready, limit_s=30, every_s=0.01)
    assert not coming.is_over()
    with pytest.raises(ValueError, match="the second"):
        next(coming)


def test_no_more_than_one_piece_is_made_ahead() -> None:
    made: list[int] = []
    coming = ahead(numbers(made))
    assert [next(coming) for _ in range(5)] == [0, 1, 2, 3, 4]
    coming.close()
    assert 5 <= len(made) <= 6


def test_what_goes_wrong_reaches_whoever_takes_the_pieces_in_its_place() -> None:
    coming = ahead(one_and_an_error())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="the second"):
        next(coming)
