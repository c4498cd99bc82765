"""What holds for every screen: tabs that keep their state, small terminals, foreign text, bugs, the palette."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from cartui.adapters import memory
from cartui.app import CartuiApp
from cartui.domain.settings import CartConnection
from cartui.errors import AbortCycleError
from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import ErrorDialog
from cartui.screens.explorer import ExplorerScreen
from cartui.screens.tabs import TABS
from cartui.sync import carts
from cartui.sync.workspace import Progress, StopRequested, Workspace
from tests.screens.terminal import URL, seen, settle

Make = Callable[..., CartuiApp]
NAME = "Main shop"
HOSTILE = "[/foo] [bold red]x\u202egnp.exe"


def add(ws: Workspace, name: str = NAME, url: str = URL) -> None:
    carts.new_cart(ws, name, CartConnection("memory", url))


async def go(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


async def test_a_tab_keeps_its_screen(ws: Workspace, make_app: Make) -> None:
    """Going to another tab and back shows the very same screen, not a new one."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        first = app.screen
        await go(pilot, "2")
        assert app.screen is not first
        await go(pilot, "left_square_bracket")
        assert app.screen is first
        await go(pilot, "left_square_bracket")
        assert getattr(app.screen, "NUMBER", 0) == TABS[-1].number


async def test_leaving_a_cart_forgets_its_tabs(ws: Workspace, make_app: Make) -> None:
    """q goes home; opening the cart again begins anew."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        first = app.screen
        await go(pilot, "q")
        assert isinstance(app.screen, ExplorerScreen)
        await go(pilot, "enter")
        assert app.screen is not first


@pytest.mark.slow
@pytest.mark.parametrize("size", [(60, 15), (40, 8), (200, 60)], ids=["60x15", "40x8", "200x60"])
async def test_no_size_crashes_a_screen(ws: Workspace, make_app: Make, size: tuple[int, int]) -> None:
    """Home, connection, Auto-sync in both modes, every tab, help and a dialog are drawn at any size."""
    add(ws)
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await go(pilot, "s", "escape", "c", "e", "escape", "q", "enter", "e", "escape", "question_mark", "escape")
        for tab in TABS:
            await go(pilot, str(tab.number))
        await go(pilot, "1")
        await pilot.resize_terminal(80, 24)
        await go(pilot, "q")
        assert isinstance(app.screen, ExplorerScreen)


async def test_foreign_text_is_harmless(ws: Workspace, make_app: Make, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A cart's title, address and stop reason are drawn as text: no markup, no reversing, no command."""
    spec = replace(ws.adapters["memory"], title=HOSTILE)
    ws = replace(ws, adapters={"memory": spec})
    name = "[foo] [red]$(x) é"
    add(ws, name)
    document = carts.view_cart(ws, name).document
    ws.books.carts.set_status(document.cart_id, document.status, "\x1b]52;c;eA==\x07 [red]")
    app = CartuiApp(ws, runner=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        shown = seen(app)
        await go(pilot, "enter")
        shown += seen(app)
        await go(pilot, "c")
        shown += seen(app)
        await go(pilot, "q", "q", "s")
        shown += seen(app)
        assert "[foo] [red]$(x)" in shown
        assert "[/foo] [bold red]" in shown
        assert "\u202e" not in shown
        assert "\x1b" not in shown


async def test_a_bug_in_a_thread_is_a_dialog_with_the_log(ws: Workspace, make_app: Make) -> None:
    """A bug in long work is told with the path of the log; the program goes on; no values are logged."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, CartuiScreen)

        def work(progress: object, stop: object) -> None:
            password = "hunter2"
            raise RuntimeError(len(password))

        screen.run_job("Work", work, lambda _: None)
        await settle(pilot)
        assert isinstance(app.screen, ErrorDialog)
        assert str(ws.home / "cartui-errors.log") in app.screen.problems[0][1]
        await go(pilot, "escape")
        assert isinstance(app.screen, ExplorerScreen)
    log = (ws.home / "cartui-errors.log").read_text()
    assert "RuntimeError" in log
    assert "hunter2" not in log.replace('password = "hunter2"', "")


async def test_a_bug_on_screen_ends_with_a_sentence(ws: Workspace, make_app: Make) -> None:
    """A bug in drawing ends the program with where to find the log, and prints no traceback or values."""
    app = make_app()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012  the bug comes out where the app ends
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            app.screen.call_later(lambda: 1 / 0)
            await pilot.pause()
    assert app.return_code == 1
    assert "ZeroDivisionError" in (ws.home / "cartui-errors.log").read_text()


async def test_an_error_is_problem_and_remedy(make_app: Make) -> None:
    """An error of the cart is told in two sentences and kept for Activity."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, CartuiScreen)

        def work(progress: object, stop: object) -> None:
            raise AbortCycleError("The shop did not answer.", "Try again in a minute.")

        screen.run_job("Work", work, lambda _: None)
        await settle(pilot)
        assert "The shop did not answer." in seen(app)
        assert "Try again in a minute." in seen(app)
        assert list(app.recent_errors) == ["The shop did not answer. Try again in a minute."]


async def test_long_work_shows_progress_and_can_be_cancelled(make_app: Make) -> None:
    """A job shows its count; esc asks it to stop; what it did stays; a second job waits its turn."""
    app = make_app()
    began = threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, CartuiScreen)
        done: list[object] = []

        def work(progress: Callable[[Progress], None], stop: Callable[[], bool]) -> None:
            progress(Progress("orders", 1200, 3000))
            began.set()
            while not stop():
                threading.Event().wait(0.01)
            raise StopRequested

        screen.run_job("Listing", work, done.append)
        assert began.wait(5)
        await pilot.pause(0.3)
        await pilot.pause()
        assert "1,200 of 3,000 orders" in seen(app)
        assert not screen.run_job("Another", work, done.append)
        await go(pilot, "escape")
        assert "Listing: cancelled" in seen(app)
        assert done == []


async def test_the_palette_has_every_action_by_name(ws: Workspace, make_app: Make) -> None:
    """`:` finds Start on Auto-sync and runs it."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go(pilot, "colon")
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"Connection")
        await pilot.pause(0.5)
        await settle(pilot)
        await go(pilot, "enter")
        await settle(pilot)
        assert "Web location" in seen(app)


async def test_keys_can_be_rebound(ws: Workspace, make_app: Make) -> None:
    """A person's own key works, the old one does not, and footer and help show the new one."""
    add(ws)
    app = make_app(start_cart=NAME, keys={"auto-sync.connection": "ctrl+n"})
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "^n Connection" in seen(app)
        await go(pilot, "c")
        assert "Web location" not in seen(app)
        await go(pilot, "ctrl+n")
        assert "Web location" in seen(app)


async def test_idle_draws_nothing(ws: Workspace, make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the carts again without a change puts nothing on the line."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        drawn: list[object] = []
        monkeypatch.setattr(app, "_display", lambda screen, renderable: drawn.append(renderable))
        app.reload_carts()
        await settle(pilot)
        assert drawn == []


def test_without_colour_states_are_words(
    ws: Workspace, make_app: Make, monkeypatch: pytest.MonkeyPatch, snap_compare: Callable[..., bool]
) -> None:
    """NO_COLOR: the screen is monochrome and still says STOPPED, LIVE and what is missing."""
    add(ws)
    monkeypatch.setenv("NO_COLOR", "1")

    async def drive(pilot: Pilot[int]) -> None:
        await settle(pilot)
        shown = seen(pilot.app)  # type: ignore[arg-type]
        assert all(word in shown for word in ("STOPPED", "LIVE", "✗ The connection was never tested."))

    assert snap_compare(make_app(start_cart=NAME), terminal_size=(80, 24), run_before=drive)
    assert memory.SPEC.hidden


async def test_going_to_the_next_field_repaints_little(
    ws: Workspace, make_app: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of focus repaints the two fields and the help line, never the whole screen."""
    add(ws)
    app = make_app(start_cart=NAME)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go(pilot, "e")
        drawn: list[str] = []
        monkeypatch.setattr(app, "_display", lambda screen, update: drawn.append(update.render_segments(app.console)))
        await go(pilot, "tab")
        assert drawn
        assert sum(map(len, drawn)) < 1000
