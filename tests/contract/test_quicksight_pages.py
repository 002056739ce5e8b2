"""docs/quicksight.md and its Portuguese twin tell of all that the dashboard has."""

from __future__ import annotations

import pytest

from tests.dashboard_case import TEMPLATE, data_sets, visuals

DOCS = TEMPLATE.parents[1] / "docs"


@pytest.mark.parametrize("page", ["quicksight.md", "quicksight.pt-BR.md"])
def test_both_pages_tell_of_every_visual_data_set_and_field(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    for visual in visuals().values():
        assert f"| {visual.title} |" in text, visual.title
    for name, data_set in data_sets().items():
        assert name in text
        if page == "quicksight.pt-BR.md":
            for field in data_set.fields.values():
                assert field in text, field
