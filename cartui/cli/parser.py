"""The arguments: what a script may rely on. Light on purpose, `cartui --help` must come at once (PERFORMANCE)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from cartui import __version__

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
  130  interrupted
With several carts the gravest counts: 1, 130, 3, 2, 5, 4, 6, 0."""

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


def build_parser() -> Parser:
    """All of the command line."""
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
    _add_demo(commands)
    _add_carts(commands)
    _add_lists(commands)
    _add_actions(commands)
    _add_doctor(commands)
    return parser


_Commands = Any  # argparse._SubParsersAction, which is private


def _command(commands: _Commands, name: str, help_text: str, example: str, description: str = "") -> Parser:
    words = (description or help_text).strip()
    full = f"{words[0].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"
    command: Parser = commands.add_parser(name, help=help_text, description=full, epilog=f"example: {example}")
    command.set_defaults(prog=f"cartui {name}")
    return command


def _add_demo(commands: _Commands) -> None:
    demo = _command(
        commands,
        "demo",
        "open cartui on a demo shop that runs on this machine",
        "cartui demo --seed 7",
        "Serve the bundled demo shop on this machine, make its cart document and open cartui on it. Everything is kept "
        "in CARTUI_HOME/demo, apart from your own carts.",
    )
    demo.add_argument("--serve-only", action="store_true", help="serve the shop until interrupted, open no screens")
    demo.add_argument("--port", type=int, metavar="N", help="port to serve on (default: a free one)")
    demo.add_argument("--seed", type=int, metavar="N", help="which made-up shop; another seed starts a new shop")
    demo.add_argument("--print-password", action="store_true", help="print address and password, then go on as asked")


def _add_carts(commands: _Commands) -> None:
    carts = _command(commands, "carts", "list the carts", "cartui carts --json")
    _json(carts)
    show = _command(
        commands,
        "show",
        "show one cart and what still stands against starting it",
        "cartui show 'Main shop'",
        "Show one cart: settings, dates, status, and what still stands against starting it. With DOCUMENT (a document "
        "number, or an order number or id of the cart) show that document with its lines and the proof of its total.",
    )
    _name(show)
    show.add_argument("document", metavar="DOCUMENT", nargs="?", help="one document instead of the cart")
    _json(show)
    _add_new(commands)
    _add_set(commands)
    for name, help_text, confirmed in (
        ("test", "test the connection, stage by stage", False),
        ("start", "start auto-sync, if the live-cart guard allows it", True),
        ("stop", "stop auto-sync; a round under way ends after its page", False),
        ("delete", "delete a cart; its documents stay", True),
    ):
        example = f"cartui {name} 'Main shop'" + (" --confirm 'Main shop'" if name == "delete" else "")
        command = _command(commands, name, help_text, example)
        _name(command)
        if confirmed:
            command.add_argument("--confirm", metavar="NAME", help="the cart's name once more, where that is asked for")
        _json(command)


def _add_new(commands: _Commands) -> None:
    new = _command(
        commands,
        "new",
        "make a cart, STOPPED and untested",
        "cartui new 'Main shop' --type cart_connect --url https://shop.example --secret-from env:SHOP_PASSWORD",
    )
    _name(new)
    new.add_argument(
        "--type", required=True, metavar="TYPE", dest="cart_type", help="type of cart, see `cartui doctor`"
    )
    new.add_argument("--url", required=True, metavar="URL", help="address of the cart")
    new.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="a setting of this type of cart (repeatable)"
    )
    new.add_argument(
        "--secret-from",
        metavar="WHERE",
        help="where the password is: env:VARIABLE, file:PATH, command:PROGRAM, credential:NAME, or prompt (asks now)",
    )
    new.add_argument("--test-cart", action="store_true", help="this is a test shop, not a live one")
    new.add_argument(
        "--allow-plain-http", action="store_true", help="allow an http:// address: anyone on the way can read it"
    )
    _json(new)


def _add_set(commands: _Commands) -> None:
    change = _command(
        commands,
        "set",
        "change settings of a cart",
        "cartui set 'Main shop' last_order_from=2026-11-01T00:00 import_orders_as=sales_order",
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
    )
    _name(change)
    change.add_argument("changes", metavar="KEY=VALUE", nargs="+", help="what to set")
    _json(change)


def _add_lists(commands: _Commands) -> None:
    listing = _command(
        commands,
        "list",
        "list orders, items, customers, held records or activity",
        "cartui list 'Main shop' cart-orders --where 'status:processing total>100' --json",
        "List what the system holds (orders, items, customers, held, activity) or what the cart holds (cart-orders, "
        "cart-items, cart-customers: asked from the cart now).",
    )
    _name(listing)
    listing.add_argument("which", metavar="WHAT", choices=LISTS, help=", ".join(LISTS))
    _where(listing)
    how = listing.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object a line")
    how.add_argument("--csv", action="store_true", help="CSV with a heading line")
    held = _command(
        commands,
        "held",
        "list held records, or retry them",
        "cartui held 'Main shop' retry --all",
        "List the records that could not be imported, each with its reason; `retry` reads them from the cart again.",
    )
    _name(held)
    held.add_argument("action", metavar="retry", nargs="?", choices=("retry",), help="read them from the cart again")
    held.add_argument("ids", metavar="ID", nargs="*", help="which ones, as `cartui held NAME` lists them")
    held.add_argument("--all", action="store_true", help="all of them")
    _json(held)


def _add_actions(commands: _Commands) -> None:
    for name, verb, examples in (
        ("import", "import", "cartui import 'Main shop' orders --where 'placed>=2026-11-01' --dry-run"),
        ("link", "link", "cartui link 'Main shop' items 4711 --set 4711.code=MUG-RED"),
    ):
        what = (
            "import orders, or create items and customers from the cart"
            if verb == "import"
            else "tie items and customers of the cart to existing ones"
        )
        command = _command(commands, name, what, examples)
        _selection(command, KINDS, "ID.COLUMN=VALUE", "code, cost, stock")
    export = _command(
        commands,
        "export",
        "send items or customers to the cart; shows the plan first",
        "cartui export 'Main shop' items MUG-RED --set MUG-RED.stock=5 --dry-run",
        "Send items or customers to the cart. The plan is shown first and carried out after a yes. Stock is sent only "
        "where it is given with --set.",
    )
    _selection(export, KINDS[1:], "CODE.COLUMN=VALUE", "stock")
    export.add_argument("--yes", action="store_true", help="carry the plan out without asking")


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


def _add_doctor(commands: _Commands) -> None:
    doctor = _command(
        commands,
        "doctor",
        "check this installation and every cart, changing nothing",
        "cartui doctor --offline",
    )
    doctor.add_argument(
        "--adopt", action="store_true", help="this machine now owns a database that was copied from another one"
    )
    doctor.add_argument("--offline", action="store_true", help="don't ask the carts")
    _json(doctor)


def _name(command: Parser) -> None:
    command.add_argument("name", metavar="NAME", help="the cart's name")


def _where(command: Parser) -> None:
    command.add_argument(
        "--where",
        metavar="QUERY",
        default=None,
        help="""those that match, such as: status:processing total>100 sku:AB*""",
    )


def _json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="one JSON object a line")


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments, checked together. Raises `UsageError`; `--help` and `--version` print and exit."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(_queries_joined(words))
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
