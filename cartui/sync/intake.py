"""Pages from a cart, checked before anybody believes them (DESIGN rules 3, 5, 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from cartui.domain.ports import Page
from cartui.domain.remedies import ask_for_test
from cartui.errors import AbortCycleError, ExitCode, NeedsOperatorError

R = TypeVar("R")

STAMP_TOLERANCE = timedelta(seconds=1)  # carts that show whole seconds of finer stamps (CART-OBSERVED 0.12)


def checked_pages(pages: Iterator[Page[R]], since: datetime | None, what: str) -> Iterator[Page[R]]:
    """The same rows, with three lies found out: a date filter that was ignored, a page that comes again instead of the
    next, and a listing that ends before the total it stated.

    Each page is given on at once, so that its rows are stored whatever comes after; its mark (`complete_to`) is given
    with the page after it, the last one with an empty page when the total was found to agree.

    Errors: `NeedsOperatorError` (filter ignored: nothing of that page is used), `AbortCycleError` (the other two).
    """
    seen: set[str] = set()
    stated: int | None = None
    mark: datetime | None = None
    for page in pages:
        _ensure_filtered(page, since, what)
        fresh = {row.external_id for row in page.rows} - seen
        if page.rows and not fresh:
            raise AbortCycleError(
                f"The cart sent a page of {what} that it had sent already.",
                "Nothing was skipped: the next cycle reads them again. If it stays so, report it for this cart.",
            )
        seen |= fresh
        if page.total is not None:
            stated = page.total if stated is None else stated  # the first word: a later, smaller one may be the lie
        yield replace(page, complete_to=mark)
        mark = page.complete_to
    if stated is not None and len(seen) < stated:
        raise AbortCycleError(
            f"The cart said there are {stated} {what} and sent {len(seen)}.",
            "What came is stored; the mark was not moved, so the next cycle reads the same span again.",
        )
    yield Page((), stated, complete_to=mark)


def _ensure_filtered(page: Page[R], since: datetime | None, what: str) -> None:
    if since is None:
        return
    early = [row for row in page.rows if row.stamp is not None and row.stamp < since - STAMP_TOLERANCE]
    if early:
        raise NeedsOperatorError(
            f"The cart ignored the date filter: it was asked for {what} since {since:%Y-%m-%d %H:%M:%S} UTC and sent "
            f"{early[0].external_id} of {early[0].stamp:%Y-%m-%d %H:%M:%S}.",
            ask_for_test("Nothing of it was taken over.", "; a plug-in or proxy may drop parameters."),
            ExitCode.CART_REFUSED,
        )
