"""What to do is told with the key on the screen and with the command on the command line, by one value."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import cartui
from cartui.domain.guard import check_start
from cartui.domain.outbox import OutboxKind
from cartui.domain.settings import CartSettings
from cartui.errors import NeedsOperatorError, Remedy, headless, joined
from tests.domain.test_guard import FACTS, GOOD, NOW

KEYED = re.compile(
    r"\b[Pp]ress\b|\((?:tab )?\w(?: on [^)]*|, (?:then )?\w+)?\)\.|\(Cart\)|\bfrom Held\b|the column (Item )?Code"
)
MAKERS = {"Remedy", "set_to", "retry_held", "ask_for_test", "stop_first", "list_again", "link_by_hand", "confirm"}
FOLDERS = ("domain", "sync", "books", "transport")


def keyed_texts(tree: ast.AST, made: bool = False) -> Iterator[ast.Constant]:
    """Texts that name a key or a place on the screen and are no argument of what makes a remedy; docstrings aside."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not made and KEYED.search(node.value):
            yield node
        call = node.func if isinstance(node, ast.Call) else None
        yield from keyed_texts(node, made or (isinstance(call, ast.Name) and call.id in MAKERS))


def test_nothing_below_the_screens_names_a_key_without_its_command() -> None:
    """Columns of lists and names of tabs apart, which say nothing to do."""
    root = Path(cartui.__file__).parent
    found = [
        f"{path.relative_to(root)}:{one.lineno}: {one.value}"
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        for one in keyed_texts(ast.parse(path.read_text(encoding="utf-8")))
        if one.value != "Orders (Cart)" and path.name != "remedies.py"
    ]
    assert found == []


def test_everything_that_refuses_start_names_the_command() -> None:
    """With the cart's name in it, ready to be typed; and the key on the screen, with no command."""
    old = CartSettings(
        orders_from=NOW - timedelta(days=40), updates_from=NOW + timedelta(days=1), live=False, sync_orders=False,
        to_cart_stock=True, to_cart_items=True, from_cart_items=True, stock_range="query", stock_buffer=-1,  # type: ignore[arg-type]
    )  # fmt: skip
    problems = [
        *check_start(replace(GOOD, tested_at=None, settings=CartSettings()), replace(FACTS, linked_items=0)),
        *check_start(replace(GOOD, tested_fingerprint="other", settings=old), FACTS),
        *check_start(replace(GOOD, settings=replace(old, send_from_test=True)), FACTS),
    ]
    assert len({one.code for one in problems}) == 10
    assert OutboxKind.STOCK in replace(old, send_from_test=True).sends
    for one in problems:
        command = headless(one.remedy)
        assert "'Main shop'" in command, command
        assert "`cartui " in command or "--confirm" in command, command
        assert not KEYED.search(command), command
        assert "`" not in one.remedy, one.remedy


def test_sentences_are_joined_for_both_sides() -> None:
    """An error of several remedies says each as its side does; what is the same for both stays a plain text."""
    error = NeedsOperatorError(
        "It is not tested.", joined(Remedy("Press t.", "Run `cartui test`."), "", "Then start it.")
    )
    assert str(error) == error.told == "It is not tested. Press t. Then start it."
    assert headless(error.told) == "It is not tested. Run `cartui test`. Then start it."
    assert type(joined("One.", "Two.")) is str


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
def test_a_copy_keeps_both(way) -> None:  # type: ignore[no-untyped-def]
    """Dataclasses are copied, and plans go from one thread to another."""
    assert headless(way(Remedy("Press t.", "Run `cartui test`."))) == "Run `cartui test`."
