"""Kill a run at any point of it: before and after each call to the cart, before and after each commit (RELIABILITY 6).

A killed process does nothing more: once the switch has fired, every further call dies too, so no `finally` can tidy up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from cartui.books import Books
from cartui.domain.ports import Cart


class Killed(BaseException):
    """The process is gone. Not an `Exception`, so that nothing catches it."""


@dataclass(slots=True)
class KillSwitch:
    """Fires at the `at`-th point (1 = the first; 0 = never). `seen` lists the points passed."""

    at: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        return self.at > 0 and len(self.seen) >= self.at

    def point(self, name: str) -> None:
        """One place where the process can die."""
        if self.dead:
            raise Killed(self.seen[-1])
        self.seen.append(name)
        if self.dead:
            raise Killed(name)

    def ensure_alive(self) -> None:
        """What is not a point itself, but can't happen after death."""
        if self.dead:
            raise Killed(self.seen[-1])


def killing_cart(cart: Cart, switch: KillSwitch) -> Cart:
    """The same cart; every call and every page is two points: before it reaches the cart and before its answer is
    used."""

    def wrap(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            if name == "close":
                return method(*args)
            switch.point(f"before {name}")
            answer = method(*args)
            if name.startswith("iter_") or name == "test_connection":
                return pages(name, answer)
            switch.point(f"after {name}")
            return answer

        return call

    def pages(name: str, source: Iterator[Any]) -> Iterator[Any]:
        for page in source:
            switch.point(f"page of {name}")
            yield page

    methods = {
        name: wrap(name, getattr(cart, name))
        for name in dir(type(cart))
        if not name.startswith("_") and name != "facts" and callable(getattr(cart, name))
    }
    members: dict[str, Any] = {name: staticmethod(method) for name, method in methods.items()}
    members["facts"] = property(lambda _: cart.facts)
    return cast(Cart, type(f"Killing{type(cart).__name__}", (), members)())


class KillingBooks:
    """The same books; every commit is two points."""

    def __init__(self, books: Books, switch: KillSwitch) -> None:
        self._books, self._switch = books, switch

    def __getattr__(self, name: str) -> Any:
        self._switch.ensure_alive()
        return getattr(self._books, name)

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[None]:
        """As `Books.transaction`."""
        self._switch.ensure_alive()
        with self._books.transaction(**options):
            yield
            self._switch.point("before commit")
        self._switch.point("after commit")


def killing_books(books: Books, switch: KillSwitch) -> Books:
    """As `KillingBooks`, for those who ask for `Books`."""
    return cast(Books, KillingBooks(books, switch))
