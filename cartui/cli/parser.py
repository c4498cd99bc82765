"""The arguments: what a script may rely on. Light on purpose, `cartui --help` must come at once (PERFORMANCE)."""

from __future__ import annotations

import argparse
import sys

from cartui import __version__

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any, NoReturn

    Commands = Any  # argparse._SubParsersAction, which is private

KINDS = ("orders", "items", "customers")
LISTS = ("orders", "items", "customers", "cart-orders", "cart-items", "cart-customers", "held", "activity")

EXIT_CODES = """\
exit codes:
  0    all well
  1    a fault in cartui; the log has the details
  2    settings, or the live-cart guard: a person must act
  3    the cart refused (password, rights), or its test failed
  4    done, but records are held or were refused
  5    the cart can't be reached now: try again later
  6    somebody else is synchronising this cart
  7    a plan would do much at once: look at it, then confirm it
  130  interrupted
With several carts the gravest counts: 1, 130, 3, 2, 7, 5, 4, 6, 0."""

_ENVIRONMENT = """\
environment:
  CARTUI_HOME      data directory (default ~/.local/share/cartui)
  CARTUI_DATABASE  database URL (default sqlite:///CARTUI_HOME/cartui.db)
  NO_COLOR         no colours"""


class UsageError(Exception):
    """Bad arguments; `problem` is a sentence, `command` the command whose help to read."""

    def __init__(self, problem: str, command: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.command = command


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors of ours, which the caller prints."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[0].upper()}{message[1:]}.", self.prog)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """As argparse, but ids may stand between options, and left-over arguments are named only where they are
        options: another word may be a password."""
        parsed, left = self.parse_known_args(args, namespace)
        if left and isinstance(getattr(parsed, "ids", None), list):
            parsed.ids += [word for word in left if not word.startswith("-")]
            left = [word for word in left if word.startswith("-")]
        if left:
            names = sorted({word.partition("=")[0] for word in left if word.startswith("--")})
            what = f"There is no option {', '.join(names)} here" if names else "There are more arguments than expected"
            raise UsageError(f"{what}.", getattr(parsed, "prog", self.prog))
        return parsed


def build_parser(wanted: Collection[str] | None = None) -> Parser:
    """The command line. `wanted`: the commands that need their arguments; None: all."""
    parser = Parser(
        prog="cartui",
        description="Keeps web shops and your own books in step. Without a command it opens the terminal screens.",
        epilog=f"{EXIT_CODES}\n\n{_ENVIRONMENT}\n\nexample: cartui demo",
    )
    parser.add_argument("--version", action="version", version=f"cartui {__version__}")
    headless = parser.add_argument_group("headless")
    headless.add_argument(
        "--sync-only", action="store_true", help="auto-sync of all RUNNING carts without the screens, until stopped"
    )
    headless.add_argument(
        "--cart", metavar="NAME", action="append", help="with --sync-only: this cart only (repeatable)"
    )
    headless.add_argument("--once", action="store_true", help="with --sync-only: one round of each cart, then end")
    headless.add_argument("--json", action="store_true", help="with --sync-only: one JSON object a cart and round")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name, (help_text, fill) in _COMMANDS.items():
        command = commands.add_parser(name, help=help_text)
        command.set_defaults(prog=f"cartui {name}")
        if wanted is None or name in wanted:
            fill(command)
    return parser


def _describe(command: Parser, description: str, example: str) -> None:
    command.description = description
    command.epilog = f"example: {example}"


def _demo(command: Parser) -> None:
    _describe(
        command,
        "Serve the bundled demo shop on this machine, make its cart document and open cartui on it. Everything is kept "
        "in CARTUI_HOME/demo, apart from your own carts.",
        "cartui demo --seed 7",
    )
    command.add_argument("--serve-only", action="store_true", help="serve the shop until interrupted, open no screens")
    command.add_argument("--port", type=int, metavar="N", help="port to serve on (default: a free one)")
    command.add_argument("--seed", type=int, metavar="N", help="which made-up shop; each has a home of its own")
    command.add_argument(
        "--print-password", action="store_true", help="print address and password, then go on as asked"
    )


def _carts(command: Parser) -> None:
    _describe(command, "List the carts.", "cartui carts --json")
    _json(command)


def _show(command: Parser) -> None:
    _describe(
        command,
        "Show one cart: settings, dates, status, and what still stands against starting it. With DOCUMENT (a document "
        "number, or an order number or id of the cart) show that document with its lines and the proof of its total.",
        "cartui show 'Main shop'",
    )
    _name(command)
    command.add_argument("document", metavar="DOCUMENT", nargs="?", help="one document instead of the cart")
    _json(command)


def _new(command: Parser) -> None:
    _describe(
        command,
        "Make a cart, STOPPED and untested.",
        "cartui new 'Main shop' --type cart-connect --url https://shop.example --secret-from env:SHOP_PASSWORD",
    )
    _name(command)
    command.add_argument(
        "--type", required=True, metavar="TYPE", dest="cart_type", help="type of cart, see `cartui doctor`"
    )
    command.add_argument("--url", required=True, metavar="URL", help="address of the cart")
    command.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of this type of cart, a secret one by reference (repeatable)",
    )
    command.add_argument(
        "--secret-from",
        metavar="WHERE",
        help="where the password is: env:VARIABLE, file:PATH, command:PROGRAM, credential:NAME, or prompt (asks now)",
    )
    command.add_argument("--test-cart", action="store_true", help="this is a test shop, not a live one")
    command.add_argument(
        "--allow-plain-http", action="store_true", help="allow an http:// address: anyone on the way can read it"
    )
    _json(command)


def _set(command: Parser) -> None:
    _describe(
        command,
        """\
Change settings of a cart. All or none are changed. The settings:
  last_order_from       date and time; orders placed before it are never imported
  last_update_time      date and time; customer and item changes before it are not looked at
  import_orders_as      cash_sale, sales_order or sales_invoice
  from_cart_customers   yes or no: update customers from the cart
  from_cart_items       yes or no: update items from the cart
  poll_minutes          1 to 60
  live                  yes or no (a test shop)
  url                   address of the cart
  password              where it is: env:, file:, command:, credential: or prompt
  allow_plain_http      yes or no
  option.NAME           a setting of this type of cart
Dates are ISO 8601; without an offset they are in this machine's time zone; `now` is now.""",
        "cartui set 'Main shop' last_order_from=2026-11-01T00:00 import_orders_as=sales_order",
    )
    _name(command)
    command.add_argument("changes", metavar="KEY=VALUE", nargs="+", help="what to set")
    _json(command)


def _test(command: Parser) -> None:
    _describe(
        command, "Test the connection, stage by stage. Start needs a test that passed.", "cartui test 'Main shop'"
    )
    _name(command)
    _json(command)


def _start(command: Parser) -> None:
    _describe(
        command,
        "Start auto-sync, if the live-cart guard allows it; what is missing is named. Dates far back want the cart's "
        "name once more.",
        "cartui start 'Main shop' --confirm 'Main shop'",
    )
    _name(command)
    _confirm(command)
    _json(command)


def _stop(command: Parser) -> None:
    _describe(command, "Stop auto-sync; a round under way ends after its page.", "cartui stop 'Main shop'")
    _name(command)
    _json(command)


def _delete(command: Parser) -> None:
    _describe(
        command,
        "Delete a cart and what is remembered of its records; its documents stay.",
        "cartui delete 'Main shop' --confirm 'Main shop'",
    )
    _name(command)
    _confirm(command)
    _json(command)


def _list(command: Parser) -> None:
    _describe(
        command,
        "List what the system holds (orders, items, customers, held, activity) or what the cart holds (cart-orders, "
        "cart-items, cart-customers: asked from the cart now).",
        "cartui list 'Main shop' cart-orders --where 'status:processing total>100' --json",
    )
    _name(command)
    command.add_argument("which", metavar="WHAT", choices=LISTS, help=", ".join(LISTS))
    _where(command)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object a line")
    how.add_argument("--csv", action="store_true", help="CSV with a heading line")


def _held(command: Parser) -> None:
    _describe(
        command,
        "List the records that could not be imported, each with its reason; `retry` reads them from the cart again.",
        "cartui held 'Main shop' retry --all",
    )
    _name(command)
    command.add_argument("action", metavar="retry", nargs="?", choices=("retry",), help="read them from the cart again")
    command.add_argument("ids", metavar="ID", nargs="*", help="which ones, as `cartui held NAME` lists them")
    command.add_argument("--all", action="store_true", help="all of them")
    _json(command)


def _import(command: Parser) -> None:
    _describe(
        command,
        "Import orders of the cart as PENDING documents, or create items and customers from those of the cart.",
        "cartui import 'Main shop' orders --where 'placed>=2026-11-01' --dry-run",
    )
    _selection(command, KINDS, "ID.COLUMN=VALUE", "code, cost, stock")


def _link(command: Parser) -> None:
    _describe(
        command,
        "Tie items or customers of the cart to existing ones: to the code that is given, else to the one item whose "
        "code is the SKU, or the one customer with the e-mail.",
        "cartui link 'Main shop' items 4711 --set 4711.code=MUG-RED",
    )
    _selection(command, KINDS, "ID.COLUMN=VALUE", "code, cost, stock")


def _export(command: Parser) -> None:
    _describe(
        command,
        "Send items or customers to the cart. The plan is shown first and carried out after a yes. Stock is sent only "
        "where it is given with --set.",
        "cartui export 'Main shop' items MUG-RED --set MUG-RED.stock=5 --dry-run",
    )
    _selection(command, KINDS[1:], "CODE.COLUMN=VALUE", "stock")
    command.add_argument("--yes", action="store_true", help="carry the plan out without asking")


def _doctor(command: Parser) -> None:
    _describe(
        command,
        "Check this installation and every cart, changing nothing: Python, SQLite, database, permissions, disk space, "
        "clock, types of cart, and each cart's password and connection.",
        "cartui doctor --offline",
    )
    command.add_argument(
        "--adopt", action="store_true", help="this machine now owns a database that was copied from another one"
    )
    command.add_argument("--offline", action="store_true", help="don't ask the carts")
    _json(command)


_COMMANDS: dict[str, tuple[str, Callable[[Parser], None]]] = {
    "demo": ("open cartui on a demo shop that runs on this machine", _demo),
    "carts": ("list the carts", _carts),
    "show": ("show one cart, or one document", _show),
    "new": ("make a cart", _new),
    "set": ("change settings of a cart", _set),
    "test": ("test the connection, stage by stage", _test),
    "start": ("start auto-sync, if the live-cart guard allows it", _start),
    "stop": ("stop auto-sync", _stop),
    "delete": ("delete a cart; its documents stay", _delete),
    "list": ("list orders, items, customers, held records or activity", _list),
    "held": ("list held records, or retry them", _held),
    "import": ("import orders, or create items and customers from the cart", _import),
    "link": ("tie items and customers of the cart to existing ones", _link),
    "export": ("send items or customers to the cart; shows the plan first", _export),
    "doctor": ("check this installation and every cart", _doctor),
}


def _selection(command: Parser, kinds: Sequence[str], edit: str, columns: str) -> None:
    _name(command)
    command.add_argument("kind", metavar="KIND", choices=kinds, help=", ".join(kinds))
    command.add_argument("ids", metavar="ID", nargs="*", help="which records")
    command.add_argument("--all", action="store_true", help="all of them")
    _where(command)
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar=edit,
        dest="edits",
        help=f"a value of your own: {columns} (repeatable)",
    )
    command.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    _json(command)


def _name(command: Parser) -> None:
    command.add_argument("name", metavar="NAME", help="the cart's name")


def _confirm(command: Parser) -> None:
    command.add_argument("--confirm", metavar="NAME", help="the cart's name once more, where that is asked for")


def _where(command: Parser) -> None:
    command.add_argument(
        "--where", metavar="QUERY", help="those that match, such as: status:processing total>100 sku:AB*"
    )


def _json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="one JSON object a line")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments, checked together. Raises `UsageError`; `--help` and `--version` print and exit."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser(words).parse_args(_queries_joined(words))
    if arguments.command is None:
        arguments.prog = "cartui"
    if not arguments.sync_only and arguments.command is None and (arguments.cart or arguments.once or arguments.json):
        raise UsageError("--cart, --once and --json go with --sync-only.", "cartui")
    if arguments.command is not None and (arguments.sync_only or arguments.cart or arguments.once):
        raise UsageError("--sync-only, --cart and --once go without a command.", "cartui")
    return arguments


def _queries_joined(words: list[str]) -> list[str]:
    """`--where -status:new` as `--where=-status:new`: argparse would take the query for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--where" and word.startswith("-") and not word.startswith("--"):
            joined[-1] = f"--where={word}"
        else:
            joined.append(word)
    return joined
