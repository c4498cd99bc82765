"""One world of a schedule: the true time, a shop, the books, and the processes that come, pause, die and come again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import peewee

from cartui.books.facade import Books
from cartui.books.fields import to_moment
from cartui.books.leases import Lease, Leases
from cartui.domain.ids import CartId, RecordKind
from cartui.domain.ports import AdapterSpec
from cartui.errors import AbortCycleError
from cartui.sync.workspace import Workspace
from cartui.testing.killing import Killed
from tests.simulation.database import SimDatabase
from tests.simulation.faults import LIES, LISTS, Aims, Fault, Step
from tests.simulation.shop import SimShop, Version

if TYPE_CHECKING:
    from tests.simulation.oracle import Oracle

LEASE = 120
MOST_STEPS = 4_000  # of one run of one process: far beyond what any needs


class Violation(AssertionError):
    """An invariant does not hold; `rule` is its short name."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule


@dataclass(slots=True)
class World:
    """`reached` counts each fault that really happened, by step."""

    rng: Random
    now: datetime
    driver: peewee.SqliteDatabase
    spec: AdapterSpec
    shop: SimShop = field(init=False)
    oracle: Oracle = field(init=False)
    style: str = ""
    aims: Aims = field(default_factory=Aims)
    reached: Counter[tuple[Fault, Step]] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)
    hint: str = ""  # the item that is being written
    lies: dict[Step, Fault] = field(default_factory=dict)
    nested: int = 0
    listing: bool = False  # somebody works while a list is read
    count: int = 0
    runs: int = 0
    office_changes: int = 0
    filter_lied: bool = False
    change_shop: Callable[[], None] = lambda: None  # what shoppers and the owner do meanwhile
    other_work: Callable[[], None] = lambda: None  # what a second process does meanwhile

    def clock(self) -> datetime:
        """Our machines' clock; nothing may depend on its being the shop's."""
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def log(self, text: str) -> None:
        self.trace.append(f"{self.now:%d %H:%M:%S.%f} {text}")

    def digest(self) -> str:
        """A hash of all that happened."""
        return blake2b("\n".join(self.trace).encode(), digest_size=16).hexdigest()

    def new_process(self) -> Process:
        """A process on the same database."""
        self.count += 1
        return Process(self, f"p{self.count}")

    def committed(self, process: Process, *, stored: bool) -> None:
        """A transaction of a process is in the books; `stored`: it was one that stores a page."""
        if stored and process.in_cycle:
            for kind, row_id, seq, asked in process.delivered:
                if not asked:
                    raise Violation("only what was asked for", f"{kind} {row_id} is older than what was asked for")
                self.oracle.note_read(kind, row_id, seq)
        process.delivered.clear()
        self.oracle.check_commit(process)

    def hit(self, fault: Fault, step: Step, process: Process) -> None:
        self.reached[fault, step] += 1
        self.log(f"{process.name} *** {step}: {fault}")


class Process:
    """A cartui process: its workspace, and the moments at which something may befall it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.dead = False
        self.token = 0
        self.steps = 0
        self.left_at = world.now  # when the step began that is under way
        self.delivered: list[tuple[RecordKind, str, int, bool]] = []  # read from the cart, not yet in a commit
        self.seen_stock: dict[str, Any] = {}  # what the cart last told this process
        self.seen_items: dict[str, Any] = {}
        self.planned_fields: dict[tuple[str, str], str] = {}
        self.planned_stock: dict[str, Any] = {}  # what a person saw and approved
        self.run = 0
        self.in_cycle = False
        self.zeroed = 0
        self.office_changes = 0
        self.received: Counter[RecordKind] = Counter()
        self.database = SimDatabase(world.driver, world.clock, self)
        self.books = Books(self.database)
        self.books.leases = _Leases(self)
        spec = replace(world.spec, open=lambda connection: _cart(self))
        self.ws = Workspace(
            books=self.books,
            adapters={"sim": spec},
            clock=world.clock,
            secret=str,
            actor="admin@sim",
            process=name,
            home=Path("/nonexistent"),
        )

    def ensure_alive(self) -> None:
        """What is no step itself, but can't happen after death."""
        if self.dead:
            raise Killed(self.name)

    def before(self, step: Step) -> None:
        """The process is about to do it: the effect is not there yet."""
        self.ensure_alive()
        self.steps += 1
        self.left_at = self.world.now
        if self.steps > MOST_STEPS:
            raise Violation("it ends", f"{self.name} does not come to an end")
        world = self.world
        world.now += timedelta(milliseconds=7)
        for fault in world.aims.pass_by(step, before=True):
            if fault in LIES:
                world.hit(fault, step, self)
                world.lies[step] = fault
            elif fault is Fault.TWICE:
                world.lies[step] = fault
            elif self._befalls(fault, step):
                world.hit(fault, step, self)
                self._suffer(fault, step)

    def after(self, step: Step, *, write: bool = False) -> None:
        """The effect is there; the process does not know it yet."""
        self.ensure_alive()
        for fault in self.world.aims.pass_by(step, before=False):
            self.world.hit(fault, step, self)
            self._suffer(fault, step)

    def committed(self, *, stored: bool) -> None:
        """A transaction of this process is in the books."""
        self.world.committed(self, stored=stored)

    def _befalls(self, fault: Fault, step: Step) -> bool:
        """Nobody waits inside a transaction, nor while waiting for another."""
        if fault in (Fault.PAUSED, Fault.CHANGED):
            return not self.database.ask_writing() and self.world.nested == 0
        return True

    def _suffer(self, fault: Fault, step: Step) -> None:
        world = self.world
        if fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER):
            self.dead = True
            raise Killed(self.name)
        if fault is Fault.PAUSED:
            world.advance(1 if self._can_harm(step) else world.rng.choice((1, LEASE + 1, LEASE * 3)))
            self._meanwhile(world.other_work)
        elif fault is Fault.CHANGED:
            world.listing = step in LISTS
            self._meanwhile(world.change_shop)
            world.listing = False
        elif fault is Fault.REFUSED:
            raise AbortCycleError(f"{step} failed (injected).")
        elif fault is Fault.LOST:
            raise lost(step)

    def _can_harm(self, step: Step) -> bool:
        """One that sleeps within a request until another took over, and then goes on, can write an old value or make a
        thing twice, where the shop neither compares nor knows our keys. No program can prevent that; it can only make
        the gap small. So nobody sleeps that long there."""
        shop = self.world.shop
        return (
            step is Step.UPDATE_ITEM
            or (step is Step.SET_STOCK and not shop.cas)
            or (step is Step.CREATE_SHIPMENT and not shop.idempotent)
            or (step is Step.CREATE_ITEM and not (shop.idempotent or shop.unique_sku))
        )

    def _meanwhile(self, work: Callable[[], None]) -> None:
        if self.world.nested == 0:
            self.world.nested += 1
            try:
                work()
            finally:
                self.world.nested -= 1

    def saw(self, kind: RecordKind, version: Version, *, asked: bool = True) -> None:
        """A row was given to the process; `asked`: it is one of those that were asked for."""
        self.delivered.append((kind, version.row.external_id, version.seq, asked))


class CalmProcess(Process):
    """One whom nothing befalls and whom nobody watches."""

    def before(self, step: Step) -> None:
        return None

    def after(self, step: Step, *, write: bool = False) -> None:
        return None

    def committed(self, *, stored: bool) -> None:
        return None


class _Leases(Leases):
    """Notes which token is whose."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.database)
        self._process = process

    def take(self, cart_id: CartId, holder: str, owner: str, ttl_seconds: float) -> Lease:
        process = self._process
        held = process.database.ask("SELECT holder, expires_at FROM lease WHERE holder IS NOT NULL")
        lease = super().take(cart_id, holder, owner, ttl_seconds)
        if held and held[0][1] > to_moment(process.world.clock()):
            raise Violation("one process at a time", f"{process.name} takes the lease of {held[0][0]}")
        process.token = lease.token
        return lease


def lost(step: Step) -> AbortCycleError:
    """No answer came."""
    from cartui.errors import UnknownOutcomeError
    from tests.simulation.faults import WRITES

    kind = UnknownOutcomeError if step in WRITES else AbortCycleError
    return kind(f"No answer to {step} (injected).")


def _cart(process: Process) -> Any:
    from tests.simulation.carts import cart_for

    return cart_for(process)
