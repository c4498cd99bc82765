"""The option `status_map` of a cart: what a status of the shop's own means, as one that cartui knows of that cart.

Packed=PaymentSettled, Ready for pick-up = Shipped
"""

from __future__ import annotations

from collections.abc import Collection

from cartui.errors import NeedsOperatorError


def parse_status_map(text: str, known: Collection[str]) -> dict[str, str]:
    """The shop's status -> the known one, both without blanks around them; the letter case of `known` is what counts.

    Entries are parted by commas or semicolons. `NeedsOperatorError` names the entry that can't be read, or leads to no
    known status."""
    words = {word.casefold(): word for word in known}
    told: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        own, mark, meant = (part.strip() for part in entry.rpartition("="))
        if not (own and mark) or meant.casefold() not in words:
            raise NeedsOperatorError(
                f"The option status_map of this cart has an entry that can't be read: {entry[:60]!r}.",
                f"Write status=known status, with commas between; known are: {', '.join(sorted(known))}.",
            )
        told[own] = words[meant.casefold()]
    return told
