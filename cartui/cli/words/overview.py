"""Arguments of `cartui overview`."""

from __future__ import annotations

from cartui.cli.words.arguments import as_json, describe

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser


def _overview(command: Parser) -> None:
    describe(
        command,
        "Sales and orders of the last 30 days, documents and orders by their state, and what waits for a person: held "
        "records, conflicts, orders that changed in the cart, the outbox, items to order, tasks on baskets. Of one "
        "cart, or of all. Nothing is asked of a cart; days are UTC.",
        "cartui overview 'Main shop' --json",
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="the cart (default: all)")
    as_json(command)


COMMANDS: Commands = {
    "overview": ("overview:run_overview", "sales per day, counts by state, and what waits for a person", _overview)
}
