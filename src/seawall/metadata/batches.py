"""Asking about many values a few at a time: databases limit how many a query may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["AT_ONCE", "batches"]

_T = TypeVar("_T")

AT_ONCE: Final = 500


def batches(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Yield values in their order, :data:`AT_ONCE` at a time."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
