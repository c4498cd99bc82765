"""Arguments of `cartui reconcile`."""

from __future__ import annotations

from cartui.cli.words.arguments import as_json, cart_name, describe

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser


def _reconcile(command: Parser) -> None:
    describe(
        command,
        "Read the cart's orders of the last days afresh, and all linked items, and compare them with the books by id "
        "and content. Orders that polling missed or that changed without their date are taken over as a cycle would; "
        "what is gone from the cart is flagged, never deleted; stock that is not what was sent is looked at by the "
        "outbox. Prints a certificate: every order in exactly one bucket, totals by status and currency, and a hash. "
        "RUNNING carts are reconciled by themselves, the last 30 days once a day and all orders since Last Order from "
        "once a week (`cartui set NAME reconcile=off reconcile_full=no`); a STOPPED one is only compared. Exit code 4 "
        "where something needs a person.",
        "cartui reconcile 'Main shop' --all --dry-run",
    )
    cart_name(command)
    span = command.add_mutually_exclusive_group()
    span.add_argument("--days", metavar="N", type=_days, help="orders changed in the last N days (default 30)")
    span.add_argument("--all", action="store_true", help="every order that the cart has")
    span.add_argument("--status", action="store_true", help="ask nothing: when it was last compared and what was found")
    command.add_argument("--dry-run", action="store_true", help="compare and change nothing")
    as_json(command)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 5 and int(text)):
        raise ValueError
    return int(text)


_days.__name__ = "number of days"  # what the refusal of a wrong one calls it

COMMANDS: Commands = {
    "reconcile": ("reconcile:run_reconcile", "compare the cart as a whole with the books; a certificate", _reconcile)
}
