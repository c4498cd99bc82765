"""The command line as scripts rely on it: names, exit codes, what goes where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cartui.cli.parser import build_parser, parse
from cartui.cli.reference import render_reference
from cartui.cli.words.arguments import UsageError
from tests.cli.conftest import ROOT, Cartui

COMMANDS = [
    *("demo", "carts", "show", "new", "set", "test", "start", "stop", "delete", "doctor"),
    *("list", "held", "conflicts", "import", "link", "unlink", "export"),
    *("basket", "why", "changes", "rules", "backfill", "plan", "apply", "undo"),
    *("items", "customers", "match", "check", "import-csv"),
    *("document", "approve", "accounts", "export-books", "inventory"),
    *("outbox", "stock"),
    *("overview", "reconcile", "backup"),
]


def test_every_command_of_the_contract_is_there() -> None:
    """The names are a contract: none is missing, none was added in silence."""
    found = next(action.choices for action in build_parser()._actions if isinstance(action.choices, dict))
    assert list(found) == COMMANDS


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_help_has_an_example(command: str) -> None:
    """`--help` is everywhere, and shows how the command is typed."""
    found = next(action.choices for action in build_parser()._actions if isinstance(action.choices, dict))
    text = (found[command] if command else build_parser()).format_help()
    assert f"example: cartui {command}".rstrip() in text


def test_the_written_reference_is_current() -> None:
    """docs/commands.md is what the parser says; write it anew with `python -m cartui.cli.reference`."""
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == render_reference()


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["new", "Shop"],
        ["list", "Shop", "nonsense"],
        ["list", "Shop", "orders", "--json", "--csv"],
        ["export", "Shop", "orders", "1"],
        ["demo", "--port", "many"],
        ["--once"],
        ["--cart", "Shop", "carts"],
        ["carts", "--no-such-option"],
    ],
    ids=" ".join,
)
def test_bad_arguments_are_one_sentence_and_the_help_to_read(cartui: Cartui, words: list[str]) -> None:
    """Exit code 2, nothing on stdout, and where to read on."""
    ran = cartui(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert "--help`." in ran.err
    assert len(ran.err.splitlines()) == 2


def test_a_password_typed_as_an_argument_is_not_repeated(cartui: Cartui) -> None:
    """Whoever types a password where it does not belong must not find it in a log of what was printed."""
    for words in (
        ["new", "Shop", "--type", "paper", "--url", "https://x.test", "--password", "hunter22"],
        ["new", "Shop", "--type", "paper", "--url", "https://x.test", "--password=hunter22"],
        ["new", "Shop", "--type", "paper", "--url", "https://x.test", "--secret-from", "hunter22"],
        ["new", "Shop", "--type", "paper", "--url", "https://x.test", "--option", "token=hunter22"],
        ["new", "Shop", "--type", "paper", "--url", "https://u:hunter22@x.test"],
    ):
        ran = cartui(*words)
        assert ran.code == 2, words
        assert "hunter22" not in ran.err + ran.out, words


def test_ids_may_stand_between_options() -> None:
    """`import NAME orders --dry-run 1 2` means the same as with the ids first."""
    assert parse(["import", "Shop", "orders", "--dry-run", "1", "2"]).ids == ["1", "2"]
    assert parse(["list", "Shop", "orders", "--where", "-status:new"]).where == "-status:new"
    with pytest.raises(UsageError):
        parse(["carts", "extra"])


def test_version_and_help_load_next_to_nothing() -> None:
    """`--version` and `--help` come at once: no database, HTTP, validation or drawing library, no dataclasses."""
    for word in ("--version", "--help"):
        code = (
            "import sys\nfrom cartui.__main__ import main\nmain([sys.argv[1]])\n"
            "heavy = {'peewee', 'httpx', 'pydantic', 'textual', 'rich', 'dataclasses', 'typing', 'sqlite3'}\n"
            "sys.exit(' '.join(sorted(heavy & set(sys.modules))))"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", word],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr.strip() == "", word


def test_a_closed_pipe_is_quiet(cartui: Cartui) -> None:
    """`cartui … | head` is no error and says nothing."""
    cartui.cart("Shop", start=False)
    for words in (["--help"], ["show", "Shop", "--json"], ["doctor", "--offline"]):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as stdout:
            done = subprocess.run(
                [sys.executable, "-m", "cartui", *words],
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                env=cartui.env,
                cwd=cartui.home.parent,
                check=False,
            )
        assert (done.returncode, done.stderr) == (0, ""), words


@pytest.mark.parametrize(
    "words",
    [
        ["show", "Shop", "--json"],
        ["list", "Shop", "orders"],
        ["held", "Shop"],
        ["doctor", "--offline"],
        ["test", "Shop"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_finds_all_it_needs_by_itself(cartui: Cartui, words: list[str]) -> None:
    """A fresh interpreter says the same as one in which everything is loaded already."""
    cartui.cart("Shop", start=False)
    fresh, prepared = cartui(*words, fresh=True), cartui(*words)
    assert fresh.code == prepared.code == 0, fresh.err
    assert fresh.out.splitlines()[:1] == prepared.out.splitlines()[:1]


def test_without_a_terminal_the_screens_are_refused(cartui: Cartui) -> None:
    """`cartui` from cron says what to use instead."""
    for words in ([], ["demo"]):
        ran = cartui(*words)
        assert ran.code == 2
        assert "--sync-only" in ran.err


def test_a_full_output_is_a_sentence(cartui: Cartui) -> None:
    """stdout on a full disk: exit code 2 and what to do."""
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is a thing of Linux")
    cartui.cart("Shop", start=False)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cartui", "show", "Shop"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=cartui.env,
            cwd=cartui.home.parent,
            check=False,
        )
    assert done.returncode == 2
    assert "Make room" in done.stderr
    assert "Traceback" not in done.stderr
