"""Every error that cartui raises on purpose, sorted by what the engine does next (DESIGN 4).

    CartuiError                     problem + remedy, both whole sentences for a person
    ├── HoldRecordError             this record is held, the others go on            exit 4 at the end
    ├── AbortCycleError             the cycle ends, the cart stays RUNNING           exit 5
    │   └── UnknownOutcomeError     a write was sent and no answer came back: look it up before any resend
    ├── NeedsOperatorError          the cart is STOPPED until a person acts          exit 2 or 3
    │   └── BrakeError              a plan would do much at once: confirm it         exit 7
    └── LeaseTakenError             somebody else runs this cart: do nothing         exit 6

Anything else that is raised is a bug: roll back, STOPPED, exit 1.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """Exit codes of the command line; scripts rely on them."""

    OK = 0
    BUG = 1
    CONFIG_OR_GUARD = 2
    CART_REFUSED = 3
    HELD_RECORDS = 4
    TRY_AGAIN_LATER = 5
    LEASE_TAKEN = 6
    BRAKE = 7
    INTERRUPTED = 130


class Remedy(str):
    """What to do, for both sides of the program: as a text it is what the screen says, with the key; `command` is what
    the command line says, with the command to type. Whatever names a key or a command is one of these; a remedy that
    names neither is a plain text."""

    __slots__ = ("command",)
    command: str

    def __new__(cls, key: str, command: str) -> Self:
        remedy = super().__new__(cls, key)
        remedy.command = command
        return remedy

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # copies and pickles keep both
        return str(self), self.command


def headless(text: str) -> str:
    """A remedy, or any other text, as the command line says it."""
    return text.command if isinstance(text, Remedy) else text


def joined(*parts: str) -> str:
    """Sentences one after the other, each as its side says it; empty ones are left out."""
    told = [part for part in parts if part]
    key, command = " ".join(told), " ".join(headless(part) for part in told)
    return key if key == command else Remedy(key, command)


class CartuiError(Exception):
    """A refusal or failure that names its remedy."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()

    @property
    def told(self) -> str:
        """Problem and remedy, as a `Remedy` where the two sides of the program say it in their own ways."""
        return joined(self.problem, self.remedy)


class HoldRecordError(CartuiError):
    """One record can't be imported or was refused by the cart; `record` names it for a person."""

    def __init__(self, record: str, reason: str, remedy: str = "") -> None:
        super().__init__(reason, remedy)
        self.record = record


class AbortCycleError(CartuiError):
    """The cart can't be talked to now; try again after `retry_after_seconds` (None: at the next poll)."""

    def __init__(self, problem: str, remedy: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(problem, remedy)
        self.retry_after_seconds = retry_after_seconds


class UnknownOutcomeError(AbortCycleError):
    """A write left here and its answer never came: it may or may not have been carried out."""


class NeedsOperatorError(CartuiError):
    """Nothing sensible can happen until a person acts: wrong settings, refused credentials, a guard."""

    def __init__(self, problem: str, remedy: str, exit_code: ExitCode = ExitCode.CONFIG_OR_GUARD) -> None:
        super().__init__(problem, remedy)
        self.exit_code = exit_code


class UpgradedError(NeedsOperatorError):
    """A newer cartui brought the database up to date while this one runs. Starting again is the remedy, so a service
    that does so by itself may: a program that is still the old one is then refused for good."""

    def __init__(self, where: str, there: int, here: int) -> None:
        super().__init__(
            f"cartui was upgraded: the database {where} is of a newer one by now (schema {there}, here {here}). "
            "Nothing is written by this one any more.",
            "Leave cartui and start it again; restart the service that runs it, too.",
            ExitCode.TRY_AGAIN_LATER,
        )


class BrakeError(NeedsOperatorError):
    """A plan would do much at once (rule 14) and wants the cart's name typed."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy, ExitCode.BRAKE)


class LeaseTakenError(CartuiError):
    """The cart is being synchronised by `holder` since `since` (aware UTC)."""

    def __init__(self, holder: str, since: datetime) -> None:
        super().__init__(
            f"This cart is being synchronised by {holder} since {since:%Y-%m-%d %H:%M:%S} UTC.",
            "Wait until that run ends, or stop it there.",
        )
        self.holder = holder
        self.since = since
