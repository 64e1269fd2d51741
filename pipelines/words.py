"""How messages name many things."""

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int) -> str:
    """So many of them at most, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
