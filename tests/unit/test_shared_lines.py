from __future__ import annotations

from shared.lines import REFERENCE_BASE, in_reference, line_of_file, told


def test_a_line_says_which_file_it_is_in_and_where() -> None:
    assert (in_reference(12), line_of_file(12), told(12)) == (False, 12, "linha 12")
    reference = REFERENCE_BASE + 12
    assert (in_reference(reference), line_of_file(reference)) == (True, 12)
    assert told(reference) == "linha 12 da referência"
