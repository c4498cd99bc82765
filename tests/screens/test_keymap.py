"""The key table: one meaning a key, no lost keys, docs that are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from cartui import keymap
from cartui.screens.base import CartuiScreen
from cartui.screens.explorer import ExplorerScreen
from cartui.screens.plan import PlanScreen
from cartui.screens.set_up import SetUpScreen
from cartui.screens.tabs import TABS
from cartui.widgets.record_table import RecordTable

ROOT = Path(__file__).parents[2]
SCREENS: list[type[CartuiScreen]] = [ExplorerScreen, SetUpScreen, PlanScreen, *(tab.load() for tab in TABS)]  # type: ignore[list-item]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
def test_no_key_has_two_meanings_on_one_screen(screen: type[CartuiScreen]) -> None:
    """Every screen's groups together give each key one meaning."""
    assert keymap.check_screen(screen.GROUPS) == []


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
def test_every_key_of_a_screen_does_something(screen: type[CartuiScreen]) -> None:
    """Each line of a screen's groups has its action on the screen or on the app."""
    from cartui.app import CartuiApp

    for key in keymap.keys_of(screen.GROUPS):
        if key.group != keymap.WIDGET_GROUP:
            name = f"action_{key.action.partition('(')[0]}"
            assert hasattr(screen, name) or hasattr(CartuiApp, name), f"{screen.__name__} has no {name}"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.__name__)
def test_every_screen_says_what_it_is_for(screen: type[CartuiScreen]) -> None:
    """`?` has a sentence about the screen."""
    assert len(screen.ABOUT) > 30


def test_the_list_keys_are_those_of_the_table() -> None:
    """What the key table says of lists is what the table binds: names and keys."""
    bound = {
        binding.id: binding.key
        for base in RecordTable.__mro__
        for binding in base.__dict__.get("BINDINGS", [])
        if (binding.id or "").startswith("table.")
    }
    listed = {key.key_id: key.keys for key in keymap.keys_of(["table"])}
    assert {name: keys for name, keys in bound.items() if name != "table.step-back"} == listed


def test_no_key_gets_lost_over_ssh() -> None:
    """No function key and no Alt in the table, and none is taken from a person's configuration."""
    assert keymap.check_rebinding({key.key_id: key.keys for key in keymap.KEYS}) == []
    for lost in ("f5", "alt+x", "ctrl+alt+q", ""):
        assert keymap.check_rebinding({"auto-sync.start": lost})


def test_a_wrong_name_in_the_configuration_is_named() -> None:
    """Rebinding something that is not there is told, not ignored."""
    assert "auto-sync.fly" in keymap.check_rebinding({"auto-sync.fly": "x"})[0]


def test_a_clash_made_by_rebinding_is_named() -> None:
    """A person's own key that another action of the screen has is found."""
    groups = ("everywhere", "auto-sync")
    assert keymap.check_screen(groups, {"auto-sync.start": "t"}) == ["t means both auto-sync.start and auto-sync.test."]


def test_key_names_are_unique() -> None:
    """The names a person writes in the configuration lead to one line each."""
    names = [key.key_id for key in keymap.KEYS]
    assert len(names) == len(set(names))


def test_the_documentation_of_keys_is_current() -> None:
    """`docs/keys.md` is what `keymap.keys_page()` makes of the table."""
    assert (ROOT / "docs" / "keys.md").read_text(encoding="utf-8") == keymap.keys_page()
