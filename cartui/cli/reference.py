"""The reference of all commands as Markdown, from the parser itself.

python -m cartui.cli.reference > docs/commands.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from cartui.cli.parser import build_parser


def render_reference() -> str:
    """The text of docs/commands.md. Not argparse's own layout, which differs between versions of Python."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    parser = build_parser()
    yield "# Commands"
    yield ""
    yield "Made from the program itself by `python -m cartui.cli.reference`. Data goes to standard output, words go to"
    yield "standard error; `--json` prints one JSON object a line."
    yield from _command("cartui", parser)
    for action in _shown(parser):
        if isinstance(action.choices, dict):
            for name, command in action.choices.items():
                yield from _command(f"cartui {name}", command)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    plain = [action for action in _shown(parser) if not isinstance(action.choices, dict)]
    words = [_usage(action) for action in plain]
    yield ""
    yield f"## `{name}`"
    yield ""
    yield from (parser.description or "").splitlines()
    yield ""
    yield "```"
    yield " ".join([name, *words]) if name != "cartui" else f"{name} [COMMAND] {' '.join(words)}"
    yield "```"
    yield ""
    for action in plain:
        yield f"* `{_name(action)}`: {action.help}"
    yield ""
    for block in (parser.epilog or "").split("\n\n"):
        yield from _block(block)


def _block(block: str) -> Iterator[str]:
    head, newline, rest = block.partition("\n")
    if newline:
        yield f"{head.capitalize()}"
        yield ""
        yield "```"
        yield from rest.splitlines()
        yield "```"
        yield ""
    else:
        word, _, example = block.partition(": ")
        yield f"{word.capitalize()}: `{example}`"


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.dest != "help"]  # noqa: SLF001  # argparse has no other way


def _name(action: argparse.Action) -> str:
    value = f" {action.metavar}" if action.metavar and action.option_strings and action.nargs != 0 else ""
    return f"{', '.join(action.option_strings) or action.metavar}{value}"


def _usage(action: argparse.Action) -> str:
    name = _name(action)
    if action.option_strings:
        return name if action.required else f"[{name}]"
    return {"?": f"[{name}]", "*": f"[{name} …]", "+": f"{name} …"}.get(str(action.nargs), name)


if __name__ == "__main__":
    sys.stdout.write(render_reference())
