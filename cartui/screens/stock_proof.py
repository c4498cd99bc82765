"""Where an item's stock number in a cart comes from, row by row, with what was last sent and last seen (N11)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from cartui.domain.plan_stock import Arithmetic
from cartui.screens.sheet import Line, heading, pair
from cartui.screens.times import show_time
from cartui.sync.outbox_rows import StockProof

_ROOM = 28


def stock_lines(proof: StockProof, width: int) -> list[Line]:
    """The arithmetic as on paper, and the proof of the last sending."""
    lines = heading("Stock number for this cart")
    lines += sum_lines(proof.arithmetic, width)
    lines += pair("last sent", _when(proof.told.sent, proof.told.sent_at), width, room=_ROOM)
    lines += pair("last seen in the cart", _when(proof.told.seen, proof.told.seen_at), width, room=_ROOM)
    if proof.row is not None and proof.row.state.value not in ("done", "superseded"):
        told = " ".join(part for part in (proof.row.state.value, proof.row.reason, proof.row.remedy) if part)
        lines += pair("outbox", told, width, room=_ROOM)
    return lines


def sum_lines(arithmetic: Arithmetic, width: int) -> list[Line]:
    """One line a term and the sum; or why nothing is sent."""
    if arithmetic.send is None:
        told = f"{arithmetic.reason} {arithmetic.remedy}".strip()
        return pair("nothing is sent", told, width, room=_ROOM)
    rows = [(term.label, _signed(term.amount)) for term in arithmetic.terms]
    rows.append(("= send", _plain(arithmetic.send)))
    room = max(len(amount) for _, amount in rows)
    return [
        ((f"{label:<{_ROOM}}", "quiet"), (f"{amount:>{room}}", "strong" if label == "= send" else "plain"))
        for label, amount in rows
    ]


def _when(amount: Decimal | None, at: datetime | None) -> str:
    return "never" if amount is None else f"{_plain(amount)}  {show_time(at)}"


def _signed(amount: Decimal) -> str:
    return f"- {_plain(-amount)}" if amount < 0 else _plain(amount)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
