"""What leaves for the cart: the outbox, and the stock numbers with their proof."""

from __future__ import annotations

from cartui.cli.words.arguments import as_json, cart_name, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser


def _outbox(command: Parser) -> None:
    describe(
        command,
        "List what waits to be sent to the cart, is unknown or was refused, with reason and remedy. `retry` has rows "
        "tried again at once; what a brake held back passes only with the cart's name typed (--confirm).",
        "cartui outbox 'Main shop' retry 17 18",
    )
    cart_name(command)
    command.add_argument("action", metavar="retry", nargs="?", choices=("retry",), help="have rows tried again at once")
    command.add_argument("ids", metavar="ROW", nargs="*", help="which rows, as `cartui outbox NAME` numbers them")
    command.add_argument("--all", action="store_true", help="list: the done ones too; retry: all refused and unknown")
    command.add_argument("--confirm", metavar="NAME", default="", help="the cart's name, to let rows pass the brakes")
    as_json(command)


def _stock(command: Parser) -> None:
    describe(
        command,
        "The stock number of linked items in the cart with its arithmetic, what was last sent and last seen there; or "
        "say with --set what holds for an item in this cart: buffer, backorder, never_send, listed.",
        "cartui stock 'Main shop' MUG-RED --set MUG-RED.buffer=2",
    )
    cart_name(command)
    command.add_argument("ids", metavar="CODE", nargs="*", help="which items (default: all that are linked)")
    command.add_argument(
        "--set", metavar="CODE.COLUMN=VALUE", action="append", default=[], help="buffer, backorder, never_send, listed"
    )
    as_json(command)


COMMANDS: Commands = {
    "outbox": ("sending:run_outbox", "what waits to be sent to the cart, with reasons; retry it", _outbox),
    "stock": ("sending:run_stock", "stock numbers with their arithmetic; buffers and rules of items", _stock),
}
