"""Set-up of a connection: new, edit, save, secrets by reference, Test Connection."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from cartui.app import CartuiApp
from cartui.domain.ports import TEST_PASSED, Stage, StageResult, Verdict
from cartui.domain.settings import CartConnection
from cartui.errors import NeedsOperatorError
from cartui.screens.auto_sync import AutoSyncScreen
from cartui.screens.dialogs import ChoiceDialog, ProblemsDialog
from cartui.screens.explorer import ExplorerScreen
from cartui.screens.set_up import SetUpScreen
from cartui.sync import carts
from cartui.sync.workspace import Workspace
from tests.screens.terminal import URL, Script, seen, settle

Make = Callable[..., CartuiApp]


async def press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


def read_secret(path: Path) -> tuple[str, int]:
    """What stands in a secret's file, and who may read it."""
    return path.read_text(), stat.S_IMODE(path.stat().st_mode)


def screen(app: CartuiApp) -> SetUpScreen:
    assert isinstance(app.screen, SetUpScreen)
    return app.screen


async def test_from_nothing_to_a_tested_cart_by_keys_alone(ws: Workspace, make_app: Make, tmp_path: Path) -> None:
    """n, the type, name, address, password, ^t: saved, tested, the exact words; q opens the new cart."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        assert isinstance(app.screen, ChoiceDialog)
        await press(pilot, "enter")
        await press(pilot, *"Main shop", "tab", *URL, "tab", *"s3cret!")
        assert "s3cret!" not in seen(app)
        await press(pilot, "ctrl+t")
        await settle(pilot)
        assert seen(app).count(TEST_PASSED) == 1
        assert "✓ Address" in seen(app)
        await press(pilot, "q")
        await settle(pilot)
        assert isinstance(app.screen, AutoSyncScreen)
    document = carts.view_cart(ws, "Main shop").document
    assert document.connection.url == URL
    assert document.tested_at is not None
    kept = Path(document.connection.secret_refs["password"].removeprefix("file:"))
    assert read_secret(kept) == ("s3cret!", 0o600)


async def test_a_reference_is_kept_as_it_is(ws: Workspace, make_app: Make) -> None:
    """env:NAME is stored as a reference and is shown while it is typed; no file is written."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "enter")
        await press(pilot, *"Main shop", "tab", *URL, "tab", *"env:SHOP_PASSWORD")
        assert "env:SHOP_PASSWORD" in seen(app)
        await press(pilot, "ctrl+s")
    document = carts.view_cart(ws, "Main shop").document
    assert document.connection.secret_refs == {"password": "env:SHOP_PASSWORD"}
    assert not (ws.home / "secrets").exists()


async def test_save_names_every_problem_at_once(ws: Workspace, make_app: Make) -> None:
    """No name, an http address without consent, no password: all in one dialog; nothing is created."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "enter")
        await press(pilot, "tab", *"http://shop.example.com", "ctrl+s")
        dialog = app.screen
        assert isinstance(dialog, ProblemsDialog)
        told = " ".join(problem for problem, _ in dialog.problems)
        assert len(dialog.problems) == 3
        assert all(word in told for word in ("Name", "http://", "Password"))
    assert carts.list_carts(ws) == []


async def test_a_name_that_is_taken_keeps_the_others_password(ws: Workspace, make_app: Make) -> None:
    """A second cart of the same name is refused before anything is written."""
    carts.new_cart(ws, "Main shop", CartConnection("memory", URL))
    reference = carts.store_secret(ws, "Main shop", "password", "the first")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "enter")
        await press(pilot, *"Main shop", "tab", *URL, "tab", *"second", "ctrl+s")
        assert isinstance(app.screen, ProblemsDialog)
    assert read_secret(Path(reference.removeprefix("file:")))[0] == "the first"


async def test_a_failing_stage_shows_its_remedy(ws: Workspace, make_app: Make, script: Script) -> None:
    """The test ends with the failing stage and what to do; the words of success do not appear."""
    carts.new_cart(ws, "Main shop", CartConnection("memory", URL))
    script.stages = [
        StageResult(Stage.ADDRESS, Verdict.PASSED, "found"),
        StageResult(Stage.AUTHENTICATION, Verdict.FAILED, "401", "Type the password again."),
    ]
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "c", "t")
        assert "✗ Authentication" in seen(app)
        assert "Type the password again." in seen(app)
        assert TEST_PASSED not in seen(app)
    assert carts.view_cart(ws, "Main shop").document.tested_at is None


async def test_an_error_of_the_line_is_a_sentence(ws: Workspace, make_app: Make, script: Script) -> None:
    """Where the cart can't be talked to at all, its problem and remedy stand in the list."""

    class Broken(list[StageResult]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            raise NeedsOperatorError("The shop answered with a web page.", "Check the web location.")

    carts.new_cart(ws, "Main shop", CartConnection("memory", URL))
    script.stages = Broken([StageResult(Stage.ADDRESS, Verdict.PASSED, "")])
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "c", "t")
        assert "The shop answered with a web page." in seen(app)
        assert "Check the web location." in seen(app)
        assert "Traceback" not in seen(app)


async def test_an_empty_password_keeps_the_old_one(ws: Workspace, make_app: Make) -> None:
    """Editing the address alone leaves the reference; the cart is untested then."""
    carts.new_cart(ws, "Main shop", CartConnection("memory", URL, {}, {"password": "env:X"}))
    list(carts.test_connection(ws, "Main shop"))
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "c", "e", "tab", "end", *"/2", "ctrl+s")
        assert not screen(app).editing
    document = carts.view_cart(ws, "Main shop").document
    assert document.connection.url == f"{URL}/2"
    assert document.connection.secret_refs == {"password": "env:X"}
    assert "changed_since_test" in {problem.code for problem in carts.view_cart(ws, "Main shop").problems}


async def test_leaving_an_untouched_new_cart_asks_nothing(ws: Workspace, make_app: Make) -> None:
    """esc on a new connection in which nothing was typed goes home; no cart is made."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "enter")
        await press(pilot, "escape")
        assert isinstance(app.screen, ExplorerScreen)
    assert carts.list_carts(ws) == []
