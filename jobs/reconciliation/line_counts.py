"""How often lines are named, in four bytes a line, in whatever order they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.lines import REFERENCE_BASE

Integers = NDArray[np.int64]
Counts = NDArray[np.uint32]


class LineCounts:
    def __init__(self) -> None:
        self._upload: Counts = np.zeros(0, np.uint32)
        self._reference: Counts = np.zeros(0, np.uint32)

    def add(self, lines: Integers) -> None:
        beyond = lines > REFERENCE_BASE
        self._upload = _added(self._upload, lines[~beyond] if beyond.any() else lines)
        self._reference = _added(self._reference, lines[beyond] - REFERENCE_BASE)

    def of(self, lines: Integers) -> Counts:
        beyond = lines > REFERENCE_BASE
        if not beyond.any():
            return _found(self._upload, lines)
        return np.where(
            beyond,
            _found(self._reference, np.where(beyond, lines - REFERENCE_BASE, 0)),
            _found(self._upload, np.where(beyond, 0, lines)),
        )


def _added(counts: Counts, places: Integers) -> Counts:
    missing = int(places.max(initial=-1)) + 1 - len(counts)
    if missing > 0:
        # By half as much again, so that lines in rising order do not copy it for each batch. Zeros that nobody touches
        # take no memory, however many lines of the file are blank.
        grown = np.zeros(len(counts) + missing + len(counts) // 2, np.uint32)
        grown[: len(counts)] = counts
        counts = grown
    np.add.at(counts, places, np.uint32(1))
    return counts


def _found(counts: Counts, places: Integers) -> Counts:
    if not len(counts):
        return np.zeros(len(places), np.uint32)
    return np.where(places < len(counts), counts[np.minimum(places, len(counts) - 1)], 0)
