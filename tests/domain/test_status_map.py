"""The option status_map, one grammar for all carts."""

from __future__ import annotations

import pytest

from cartui.domain.status_map import parse_status_map
from cartui.errors import NeedsOperatorError

KNOWN = ("Shipped", "On hold")


def test_entries_lead_from_the_shops_word_to_a_known_one() -> None:
    """Blanks around words do not count, nor the case of the known one; an equals sign may be part of the shop's."""
    told = parse_status_map(" Packed = shipped; 17=On hold,, a=b=Shipped ", KNOWN)
    assert told == {"Packed": "Shipped", "17": "On hold", "a=b": "Shipped"}
    assert parse_status_map("", KNOWN) == {}


@pytest.mark.parametrize("text", ["Packed", "=Shipped", "Packed=", "Packed=Sent", "x=Shipped, y"])
def test_what_can_not_be_read_is_told(text: str) -> None:
    """A map that silently loses an entry would hold or misread orders: the entry and the known words are named."""
    with pytest.raises(NeedsOperatorError, match="status_map") as refused:
        parse_status_map(text, KNOWN)
    assert "On hold, Shipped" in refused.value.remedy
