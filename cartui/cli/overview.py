"""`cartui overview [NAME]`."""

from __future__ import annotations

import argparse
import sys

from cartui.cli import output
from cartui.cli.session import open_session
from cartui.domain.money import format_amount
from cartui.domain.settings import SyncStatus
from cartui.errors import ExitCode
from cartui.sync.overview import CartState, Overview, overview_facts, overview_row, read_overview
from cartui.widgets.plot import sparkline

_RAMPS = ("▁▂▃▄▅▆▇█", "_.:-=+*#")
_NAME = 16
_STYLES = {"plain": "", "quiet": "quiet", "good": "good", "warning": "warn", "bad": "bad"}


def run_overview(arguments: argparse.Namespace) -> int:
    """Print it, as words or as one JSON object."""
    with open_session() as ws:
        overview = read_overview(ws, arguments.name)
    if arguments.json:
        output.json_line(overview_row(overview))
    else:
        _print(overview)
    return ExitCode.OK


def _print(overview: Overview) -> None:
    ramp = _ramp()
    output.line(f"{overview.cart or 'All carts'}, {overview.days[0]} to {overview.days[-1]} (UTC)")
    for sales in overview.sales:
        total = format_amount(sales.total, sales.currency)
        output.line(f"{'Sales ' + sales.currency:<{_NAME}}{sparkline(sales.amounts, ramp)}  {total}")
    if not overview.sales:
        output.line(f"{'Sales':<{_NAME}}nothing was posted", "quiet")
    placed = f"{sum(overview.orders):,} placed, {overview.orders[-1]:,} today"
    output.line(f"{'Orders':<{_NAME}}{sparkline(overview.orders, ramp)}  {placed}")
    for fact in overview_facts(overview):
        output.line(f"{fact.name:<{_NAME}}{fact.words}", _STYLES[fact.tone])
    for cart in overview.carts:
        output.line(_cart(cart))


def _cart(cart: CartState) -> str:
    sends = ", ".join(kind.value for kind in cart.sends)
    told = [cart.status.value, "LIVE" if cart.live else "test", f"outbound ON: {sends}" if sends else "outbound off"]
    if cart.status is SyncStatus.RUNNING:
        at = cart.next_cycle_at
        told.append(f"next {at:%Y-%m-%d %H:%M} UTC" if at else "next at once")
    last = cart.last_cycle
    told.append(f"last {last.ended_at:%Y-%m-%d %H:%M} UTC {last.result.value}" if last else "never ran")
    return f"{cart.name}: {', '.join(told)}"


def _ramp() -> str:
    try:
        _RAMPS[0].encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _RAMPS[1]
    return _RAMPS[0]
