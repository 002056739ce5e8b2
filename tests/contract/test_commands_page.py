"""docs/commands.md is what the command says of itself."""

from __future__ import annotations

from recon.pages.commands import PAGE, page


def test_the_page_of_the_commands_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make contracts`"
