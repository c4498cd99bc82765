"""Start and Stop, the same from home and from the Auto-sync tab: the guard first, then a typed name where it asks for
one (documents/001, 002; S032-S034, S080-S084)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cartui.domain.guard import GuardLevel, GuardProblem
from cartui.domain.settings import CartDocument
from cartui.screens.base import CartScreen, CartuiScreen
from cartui.screens.dialogs import ProblemsDialog, TypedWordDialog
from cartui.sync import carts
from cartui.sync.carts import CartView


def start(screen: CartuiScreen, name: str, on_started: Callable[[], None]) -> None:
    """Look at the cart anew, then start it, ask, or say all that is missing."""
    screen.read("start", lambda: carts.view_cart(screen.ws, name), lambda view: _look(screen, view, on_started))


def stop(screen: CartuiScreen, name: str, on_stopped: Callable[[], None]) -> None:
    """Set STOPPED; a cycle under way ends after its page."""

    def stopped(_: CartDocument) -> None:
        screen.host.wake_runner()
        screen.host.reload_carts()
        screen.hint("STOPPED. A cycle that was under way ends after its page.")
        on_stopped()

    screen.read("start", lambda: carts.stop_cart(screen.ws, name), stopped)


def _look(screen: CartuiScreen, view: CartView, on_started: Callable[[], None]) -> None:
    name = view.document.name
    missing = [problem for problem in view.problems if problem.level is GuardLevel.BLOCKS]
    doubtful = [problem for problem in view.problems if problem.level is GuardLevel.CONFIRM]
    if missing:
        note = "" if isinstance(screen, CartScreen) else "These keys are those of its tab Auto-sync: enter opens it."
        screen.app.push_screen(
            ProblemsDialog(
                f"{name} can't be started yet", [(one.problem, one.remedy) for one in (*missing, *doubtful)], note
            )
        )
    elif doubtful:

        def typed(word: str | None) -> None:
            if word is not None:
                _start(screen, name, True, on_started)

        where = "LIVE cart" if view.document.settings.live else "test cart"
        question = TypedWordDialog(f"Start {where} {name}?", refusal(doubtful), name)
        screen.app.push_screen(question, typed)
    else:
        _start(screen, name, False, on_started)


def _start(screen: CartuiScreen, name: str, confirmed: bool, on_started: Callable[[], None]) -> None:
    def started(document: CartDocument) -> None:
        screen.host.wake_runner()
        screen.host.reload_carts()
        screen.hint(f"RUNNING: polls every {document.settings.poll_minutes} minutes until it is stopped.")
        on_started()

    screen.read("start", lambda: carts.start_cart(screen.ws, name, confirmed=confirmed), started)


def refusal(problems: Sequence[GuardProblem]) -> str:
    """The problems as text, each with its remedy."""
    return "\n".join(f"{problem.problem} {problem.remedy}" for problem in problems)
