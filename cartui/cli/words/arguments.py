"""The parser of ours, and the arguments that several commands share."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    # where it runs ("module:function"), one line of help, what adds its arguments
    Command = tuple[str, str, Callable[["Parser"], None]]
    Commands = dict[str, Command]

KINDS = ("orders", "items", "customers")


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


def describe(command: Parser, description: str, example: str) -> None:
    """What `--help` says of a command, with an example of how it is typed."""
    command.description = description
    command.epilog = f"example: {example}"


def selection(command: Parser, kinds: Sequence[str], edit: str, columns: str) -> None:
    """Which records, looked at first with --dry-run."""
    cart_name(command)
    records(command, kinds, edit, columns)
    command.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    confirm(command)
    as_json(command)


def records(command: Parser, kinds: Sequence[str], edit: str, columns: str) -> None:
    """Which records, and values of one's own for their columns."""
    command.add_argument("kind", metavar="KIND", choices=kinds, help=", ".join(kinds))
    command.add_argument("ids", metavar="ID", nargs="*", help="which records")
    command.add_argument("--all", action="store_true", help="all of them")
    where(command)
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar=edit,
        dest="edits",
        help=f"a value of your own: {columns} (repeatable)",
    )


def cart_name(command: Parser) -> None:
    """The cart."""
    command.add_argument("name", metavar="NAME", help="the cart's name")


def confirm(command: Parser) -> None:
    """The cart's name once more."""
    command.add_argument("--confirm", metavar="NAME", help="the cart's name once more, where that is asked for")


def where(command: Parser) -> None:
    """A query."""
    command.add_argument(
        "--where", metavar="QUERY", help="those that match, such as: status:processing total>100 sku:AB*"
    )


def as_json(command: Parser) -> None:
    """JSON lines."""
    command.add_argument("--json", action="store_true", help="one JSON object a line")
