"""Keys are acted upon one after the other, however many arrive at once.

Over a slow line keys come in packets. Textual hands each to whatever has the focus at that moment: of ``/mug`` the m, u
and g would still be keys of the list, for the filter line has the focus only some messages later. So a key waits until
what the one before it did has been done. In a test without a terminal the pilot waits by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from textual import events
from textual.app import App
from textual.dom import DOMNode

_ROUNDS: Final = 3  # the key itself, what was asked for by it, and the focus that follows
_LOOKS: Final = 150
_LOOK_SECONDS: Final = 0.02  # after three seconds in all nobody is waited for


class KeysInOrder(App[int], inherit_bindings=False):
    """An app that a person may type ahead of."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._typed_ahead: deque[events.Key | events.Paste] = deque()
        self._acting: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        """A key or a paste while another one is being acted upon comes after that."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded or self.is_headless:
            await super().on_event(event)
        elif self._acting is None:
            self._acting = asyncio.create_task(self._act(event))
        else:
            self._typed_ahead.append(event)

    async def _act(self, event: events.Key | events.Paste) -> None:
        try:
            await super().on_event(event)
            await self._settled()
            while self._typed_ahead:
                await super().on_event(self._typed_ahead.popleft())
                await self._settled()
        except Exception as bug:  # noqa: BLE001 - a task has nobody to tell; the app's own loop has
            self.call_later(_raise, bug)
        finally:
            self._acting = None

    async def _settled(self) -> None:
        """Until the messages that a key caused have gone up from the focus to the app, and the focus has followed."""
        for _ in range(_ROUNDS):
            if not self.screen_stack:
                return  # the key was to quit
            place: DOMNode | None = self.focused or self.screen
            while place is not None:
                if not await _has_caught_up(place):
                    return
                place = place.parent


async def _has_caught_up(place: DOMNode) -> bool:
    """What it was sent until now is done, or it is gone; False: it is busy for long."""
    done = asyncio.Event()
    if not place.call_later(done.set):
        return True
    for _ in range(_LOOKS):
        try:
            await asyncio.wait_for(done.wait(), _LOOK_SECONDS)
        except TimeoutError:
            if not place.is_attached:
                return True
        else:
            return True
    return False


def _raise(bug: Exception) -> None:
    raise bug
