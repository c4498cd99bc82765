"""The arguments: what a script may rely on. Light on purpose, `cartui --help` must come at once (PERFORMANCE)."""

from __future__ import annotations

import argparse
import sys

from cartui import __version__
from cartui.cli.words import accounts, carts, items, overview, reconcile, records, sending, store
from cartui.cli.words.arguments import Parser, UsageError

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cartui.cli.words.arguments import Commands


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

COMMANDS: Commands = (
    carts.COMMANDS
    | records.COMMANDS
    | items.COMMANDS
    | accounts.COMMANDS
    | sending.COMMANDS
    | overview.COMMANDS
    | reconcile.COMMANDS
    | store.COMMANDS
)


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
    for name, (_, help_text, fill) in COMMANDS.items():
        command = commands.add_parser(name, help=help_text)
        command.set_defaults(prog=f"cartui {name}")
        if wanted is None or name in wanted:
            fill(command)
    return parser


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
