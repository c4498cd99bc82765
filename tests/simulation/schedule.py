"""One schedule: a seed makes a shop, what people do, what goes wrong and when; then all must converge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from cartui.books.migrate import migrate
from cartui.domain.ids import Direction, ItemCode, RecordKind
from cartui.domain.outbox import OutboxState
from cartui.domain.outcomes import CycleResult
from cartui.domain.plan import ExportItem, NewItem
from cartui.domain.settings import OWNED_FIELDS, CartConnection, DocumentKind, FieldOwner, owner_key
from cartui.errors import AbortCycleError, LeaseTakenError, NeedsOperatorError
from cartui.sync import carts
from cartui.sync.actions import Selection, plan_export, plan_link, plan_retry
from cartui.sync.apply import apply_plan
from cartui.sync.cycle import run_cycle
from cartui.testing.killing import Killed
from tests.simulation.carts import COARSE, SPEC, STYLES, page_size
from tests.simulation.database import image_of, memory_driver
from tests.simulation.faults import WRITES, Fault, Pair, Step, all_pairs
from tests.simulation.oracle import Oracle, check_received
from tests.simulation.shop import BY_HAND, SimShop, item, order
from tests.simulation.street import Street
from tests.simulation.system import Office
from tests.simulation.world import LEASE, CalmProcess, Process, Violation, World

NAME = "Shop"
_BY_HAND = (Step.CREATE_ITEM, Step.UPDATE_ITEM, Step.FIND_ITEMS)
_PARCELS = (Step.FIND_SHIPMENTS, Step.CREATE_SHIPMENT)
_RARE = {Step.CREATE_ITEM: 3, Step.UPDATE_ITEM: 3, Step.GET_ORDERS: 3, Step.CREATE_SHIPMENT: 4, Step.FIND_SHIPMENTS: 3}
_OPEN_PARCEL: Pair = (Fault.LOST, Step.CREATE_SHIPMENT)
_PAIRS = all_pairs()
_HARMFUL = {Fault.CUT_SHORT: 4, Fault.CHANGED: 4, Fault.TOTAL_LIE: 2}  # with lists of orders: what few of them notice
_WEIGHTS = [
    6
    if (fault, step) == (Fault.CHANGED, Step.SET_STOCK)
    else _HARMFUL.get(fault, 1)
    if step is Step.ITER_ORDERS
    else _RARE.get(step, 1) * (2 if fault is Fault.TWICE else 1)
    for fault, step in _PAIRS
]
ALLOWED_CYCLES = 6  # after the faults stop; the goal is 3
_ON_HAND = 60
_OURS = 5  # items of ours: the first three are in the shop and linked

# Clocks change in these zones at these moments (UTC); half an hour in Lord Howe.
_MOMENTS = (
    ("UTC", datetime(2026, 11, 21, 9, 0, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, 0, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 0, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("America/St_Johns", datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),
    ("America/St_Johns", datetime(2026, 3, 8, 5, 30, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 6, 1, 0, 0, tzinfo=UTC)),
    ("Pacific/Auckland", datetime(2026, 4, 4, 14, 0, tzinfo=UTC)),
    ("Pacific/Auckland", datetime(2026, 9, 26, 14, 0, tzinfo=UTC)),
)


@dataclass(slots=True)
class Outcome:
    """What became of a schedule. `problem` "" = all held. `cycles`: how many it took to converge."""

    seed: int
    problem: str = ""
    rule: str = ""
    cycles: int = 0
    digest: str = ""
    reached: Counter[Pair] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)


def run_schedule(seed: int, *, keep_trace: bool = False) -> Outcome:
    """Run one schedule to its end or to its first violation. Equal seeds make equal traces on every machine."""
    schedule = Schedule(seed)
    outcome = Outcome(seed)
    with page_size(schedule.world.shop.page_size):
        try:
            outcome.cycles = schedule.run()
        except Violation as error:
            outcome.problem, outcome.rule = str(error), error.rule
        except RecursionError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of the core is a finding like any other
            outcome.problem, outcome.rule = f"bug: {type(error).__name__}: {error}", "no bug"
            if keep_trace:
                import traceback

                schedule.world.trace += traceback.format_exc().splitlines()
    world = schedule.world
    outcome.digest, outcome.reached, outcome.happened = world.digest(), world.reached, world.happened
    if keep_trace or outcome.problem:
        outcome.trace = world.trace
    world.driver.close()
    return outcome


@lru_cache(maxsize=64)
def _template(begun: datetime) -> bytes:
    """A database with a tested, RUNNING cart and our items; three of them are linked by a schedule's first run."""
    rng = Random(0)
    world = World(rng, begun, memory_driver(), SPEC, style="keyset")
    world.shop = SimShop(world.clock)
    world.oracle = Oracle(world, begun, imports_items=False)
    process = CalmProcess(world, "maker")
    migrate(process.database)
    ws = process.ws
    carts.new_cart(ws, NAME, CartConnection("sim", "any"))
    for _ in carts.test_connection(ws, NAME):
        pass
    carts.set_last_order_from(ws, NAME, begun)
    carts.set_last_update_time(ws, NAME, begun)
    new = [
        NewItem(ItemCode(f"SKU-{n}"), f"Thing {n}", price=Decimal(10), currency="EUR", on_hand=Decimal(_ON_HAND))
        for n in range(_OURS)
    ]
    with ws.books.transaction():
        ws.books.items.add_many(new)
    for number in range(3):
        world.shop.put(RecordKind.ITEM, item(number))
    apply_plan(ws, plan_link(ws, NAME, RecordKind.ITEM, Selection(None)))
    carts.start_cart(ws, NAME)
    image = image_of(world.driver)
    world.driver.close()
    return image


class Schedule:
    """The director: draws everything from the seed, then plays it."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = Random(seed)
        zone, moment = _MOMENTS[rng.randrange(len(_MOMENTS))]
        self.target = rng.choices(_PAIRS, _WEIGHTS)[0] if rng.random() < 0.8 else None
        step = self.target[1] if self.target else None
        style = "placed" if step is Step.GET_ORDERS else rng.choice(sorted(STYLES))
        if self.target == (Fault.CHANGED, Step.ITER_ORDERS) and rng.random() < 0.5:
            style = "numbered"
        begun = moment - timedelta(minutes=25)
        self.world = world = World(rng, begun, memory_driver(_template(begun)), SPEC, style=style)
        world.shop = self.shop = SimShop(
            world.clock,
            skew=timedelta(seconds=rng.choice((0, 0, -900, 900, rng.randint(-900, 900)))),
            grain=timedelta(seconds=1) if style in COARSE or rng.random() < 0.5 else timedelta(microseconds=1),
            zone=ZoneInfo(zone),
            page_size=rng.randint(2, 4),
            idempotent=rng.random() < 0.5,
            unique_sku=rng.random() < 0.3,
            cas=rng.random() < 0.6 or self.target == _OPEN_PARCEL,
            on_hand=style != "placed"  # all carts that take what is on hand tell of changes
            and rng.random() < (0.7 if self.target == _OPEN_PARCEL else 0.3),
        )
        self.imports_items = step is Step.ITER_ITEMS or rng.random() < 0.5
        self.sends_stock, self.sends_items, self.ships = (rng.random() < odds for odds in (0.5, 0.3, 0.35))
        self.sends_stock = self.sends_stock or step in (Step.SET_STOCK, Step.GET_ITEMS) or self.target == _OPEN_PARCEL
        self.ships = self.ships or step in _PARCELS or (self.shop.on_hand and self.sends_stock and rng.random() < 0.6)
        self.street = Street(
            world,
            rng,
            late=rng.random() < 0.5 or self.target == _OPEN_PARCEL,
            parcels=self.shop.on_hand and not self.ships,
        )
        self.sends = self.sends_stock or self.sends_items or self.ships
        owner = rng.choice((FieldOwner.SYSTEM, FieldOwner.CART, FieldOwner.NEWEST, FieldOwner.ASK))
        self.owners = {owner_key(RecordKind.ITEM, name): owner for name in OWNED_FIELDS[RecordKind.ITEM]}
        self.office = Office(world, ships=self.ships)
        self.import_as = rng.choice((DocumentKind.CASH_SALE, DocumentKind.SALES_ORDER))
        self.exports = step in _BY_HAND or rng.random() < 0.4
        self.orders_from = begun + world.shop.skew
        world.oracle = self.oracle = Oracle(world, self.orders_from, imports_items=self.imports_items)
        self.oracle.sends_stock, self.oracle.ships = self.sends_stock, self.ships
        world.change_shop, world.other_work = self._change_shop, self._other_process
        self.process = world.new_process()
        self._prepare()
        self._aim()

    def _prepare(self) -> None:
        """What was there before: linked items, an order or two from before the start."""
        world = self.world
        for number in range(3):
            self.shop.put(RecordKind.ITEM, item(number))
        ws = self._admin().ws
        document = ws.books.carts.get(NAME)
        settings = replace(
            document.settings, from_cart_items=self.imports_items, orders_from=self.orders_from,
            updates_from=self.orders_from, to_cart_stock=self.sends_stock, to_cart_items=self.sends_items,
            to_cart_tracking=self.ships, field_owners=self.owners, default_carrier="post",
            import_orders_as=self.import_as,
        )  # fmt: skip
        with ws.books.transaction():
            for kind in (RecordKind.ORDER, RecordKind.ITEM):
                ws.books.cursors.reset(document.cart_id, kind, Direction.IMPORT, self.orders_from)
            ws.books.carts.save(replace(document, settings=settings))
            for kind in settings.sends:
                ws.books.outbox.touch_all(document.cart_id, kind)
        [(self.oracle.journal,)] = self.process.database.ask("SELECT MAX(id) FROM journal")
        real = world.now
        world.now = real - timedelta(minutes=5)
        for _ in range(self.rng.randint(0, 3)):
            self.street.place()
        world.now = real
        world.trace.clear()
        world.log(
            f"{world.style}, page {self.shop.page_size}, skew {self.shop.skew}, {self.shop.zone}, "
            f"grain {self.shop.grain}, cas {self.shop.cas}, idempotent {self.shop.idempotent}, "
            f"unique {self.shop.unique_sku}, {'on hand' if self.shop.on_hand else 'free'}, "
            f"items {self.imports_items}, sends {[str(one) for one in settings.sends]}, "
            f"owner {next(iter(self.owners.values()))}"
        )

    def _aim(self) -> None:
        """Swarm: a few faults of a random subset, each the n-th time that its step is passed."""
        rng = self.rng
        pairs = [pair for pair in all_pairs() if self._possible(pair)]
        kinds = sorted({fault for fault, _ in pairs})
        chosen = set(rng.sample(kinds, rng.randint(1, len(kinds))))
        allowed = [pair for pair in pairs if pair[0] in chosen]
        if self.target in pairs:
            first = rng.choice(((2, 2), (2, 3), None)) if self.target[1] is Step.ITER_ORDERS else None
            first = (1, 1) if self.target == _OPEN_PARCEL else first
            self.world.aims.add(rng, self.target, first)
        for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 7))):
            self.world.aims.add(rng, rng.choice(allowed))

    def _possible(self, pair: Pair) -> bool:
        fault, step = pair
        if fault is Fault.CUT_SHORT and self.world.style == "local":
            return False  # without totals nobody can see it
        if fault is Fault.TOTAL_LIE and self.world.style == "local":
            return False
        if step in (Step.FIND_SHIPMENTS, Step.CREATE_SHIPMENT):
            return self.ships
        if step in (Step.SET_STOCK, Step.GET_ITEMS) and self.sends_stock:
            return True
        if step is Step.UPDATE_ITEM and self.sends_items:
            return True
        if step is Step.GET_ORDERS:
            return self.world.style == "placed"
        if step in (*WRITES, Step.FIND_ITEMS, Step.GET_ITEMS) and not self.exports:
            return False
        return not (step is Step.ITER_ITEMS and not self.imports_items)

    # --- the play

    def run(self) -> int:
        """Play it; how many cycles it took to converge."""
        rng = self.rng
        if self.target and self.target[1] is Step.ITER_ORDERS:
            self.street.busy_day()
        for _ in range(rng.choice((1, 2, 2, 3, 4))):
            pause = rng.choice((1, 60, 600, 600, 1800, 5400))
            for _ in range(rng.randint(0, 4)):
                self._change()
                self.world.advance(rng.choice((0, pause / 4)))
            self.world.advance(pause / 4)
            self._act()
        if self.target and self.target[1] in _BY_HAND:
            self._export(self.process)
            self._after_run()
        if (self.target and self.target[1] in _PARCELS) or (self.shop.on_hand and self.ships and rng.random() < 0.5):
            self._place_and_read()
            self.office.ship(rng)
            self.world.advance(60)
            for only_outbox in (rng.random() < 0.5, False):
                self._cycle(self.process, only_outbox=only_outbox)
                self._after_run()
                self.world.advance(rng.choice((1, 60, 600)))
        if self.street.parcels and rng.random() < 0.5:
            self._place_and_read()
            self.street.edit_order(next(reversed(self.shop.orders)), "parcel")
            self._cycle(self.process)
            self._after_run()
        if self.import_as is DocumentKind.CASH_SALE and rng.random() < 0.2:
            self._give_back()
        if self.sends_stock and rng.random() < 0.2:
            self._sleep_over_an_order()
        return self._converge()

    def _place_and_read(self) -> None:
        self.street.place()
        self._cycle(self.process)
        self._after_run()

    def _give_back(self) -> None:
        """An order is sold and posted here; then its money goes back in the shop, once or twice, or nearly so."""
        self._place_and_read()
        self.office.approve_all()
        key = next(reversed(self.shop.orders))
        for _ in range(self.rng.randint(1, 2)):
            self.street.edit_order(key, "refund")
            self.world.advance(self.rng.choice((1, 600)))
            self._cycle(self.process)
            self._after_run()

    def _sleep_over_an_order(self) -> None:
        """Somebody buys, the API shows it half a minute later, and we sleep over that moment."""
        self.street.place(late=timedelta(seconds=self.rng.randint(10, 59)))
        self.office.take_stock()
        self.world.aims.add(self.rng, (Fault.PAUSED, Step.BEGIN), (1, 12))
        self._cycle(self.process, only_outbox=True)
        self._after_run()

    def _act(self) -> None:
        kind = self.rng.random()
        if self.sends and kind < 0.25:
            self._cycle(self.process, only_outbox=True)
        elif kind < (0.55 if self.exports else 0.93):
            self._cycle(self.process)
        elif kind < 0.97:
            self._export(self.process)
        else:
            self._retry(self.process)
        self._after_run()

    def _after_run(self) -> None:
        """A dead process is started anew by systemd; the admin looks why a cart is STOPPED, and starts it again."""
        if self.process.dead:
            self.world.log(f"{self.process.name} is dead")
            self.process = self.world.new_process()
            self.world.advance(self.rng.choice((1, 5, LEASE + 1)))
        self._release_brake()
        [(status, reason)] = self.process.database.ask("SELECT status, stop_reason FROM cart")
        if status == "STOPPED":
            self._start_again(reason)

    def _start_again(self, reason: str) -> None:
        lied = self.world.filter_lied or "ignored the date filter" in reason
        if not reason.startswith("stopped by") and not lied:
            raise Violation("nothing stops without a reason", reason)
        self.world.filter_lied = False
        while True:
            try:
                carts.start_cart(self.process.ws, NAME, confirmed=True)
            except AbortCycleError:
                continue
            except Killed:
                self.process = self.world.new_process()
                continue
            return

    def _guarded(self, process: Process, what: str, work: Callable[[], object]) -> None:
        """Run work of a process; what may be raised is what a person or systemd would see."""
        world = self.world
        world.runs += 1
        process.run, process.steps = world.runs, 0
        process.delivered.clear()
        process.received.clear()
        process.planned_stock = {}
        process.zeroed, process.office_changes = 0, world.office_changes
        process.planned_fields = {}
        world.log(f"{process.name} {what}")
        try:
            work()
        except Killed:
            process.dead = True
        except (AbortCycleError, LeaseTakenError, NeedsOperatorError) as error:
            world.log(f"{process.name} {what}: {type(error).__name__} {error}")
        finally:
            world.lies.clear()

    def _cycle(self, process: Process, *, only_outbox: bool = False) -> CycleResult | None:
        result: CycleResult | None = None

        def work() -> None:
            nonlocal result
            process.in_cycle = True
            report = run_cycle(process.ws, NAME, only_outbox=only_outbox)
            result = report.result
            counts = {str(kind): vars_of(count) for kind, count in sorted(report.counts.items())}
            sent = {str(kind): {str(k): n for k, n in sorted(ended.items())} for kind, ended in report.sent.items()}
            self.world.log(f"{process.name} cycle: {report.result} {counts} {sent} {report.problem}")
            if result in (CycleResult.OK, CycleResult.HELD):
                check_received(process, report.counts)
            if "ignored the date filter" in report.problem:
                self.world.filter_lied = True

        self._guarded(process, "outbox" if only_outbox else "cycle", work)
        process.in_cycle = False
        return result

    def _export(self, process: Process) -> None:
        """An admin sends items by hand: new ones, changed ones, stock that was typed."""
        rng = self.rng

        def work() -> None:
            books = process.ws.books
            items = [one for one in books.items.list_all() if not one.is_default]
            chosen = [one for one in items if rng.random() < 0.7] or items
            for one in chosen:
                if rng.random() < 0.3:
                    with books.transaction():
                        current = books.items.find_by_ids([one.item_id])[one.item_id]
                        books.items.update(replace(current, price=Decimal(rng.randint(10, 14))))
            edits = {str(one.item_id): {"stock": str(rng.randint(0, 99))} for one in chosen if rng.random() < 0.6}
            plan = plan_export(
                process.ws, NAME, RecordKind.ITEM, Selection([str(one.item_id) for one in chosen], edits)
            )
            for change in plan.changes:
                if isinstance(change.payload, ExportItem):
                    key = change.payload.cart_item_id
                    process.planned_fields |= {(key, one.name): one.before for one in change.fields}
                if isinstance(change.payload, ExportItem) and change.payload.stock is not None:
                    process.planned_stock[change.payload.stock.item_id] = change.payload.stock.expected
            if rng.random() < 0.3:
                self.street.edit_item()  # the admin looks at the plan, and the shop goes on
            begun = self.shop.seq
            report = apply_plan(process.ws, plan)
            for one in report.applied:
                self.world.log(f"{process.name} export {one.change.label}: {'done' if one.done else one.problem}")
                self._check_applied(one.change.payload, one.done, one.problem, begun)

        self._guarded(process, "export", work)

    def _check_applied(self, payload: object, done: bool, problem: str, begun: int) -> None:
        if not isinstance(payload, ExportItem) or payload.stock is None:
            return
        row = self.shop.items[payload.stock.item_id]
        taken = any(
            one.seq > begun and one.author == BY_HAND and one.record.stock == payload.stock.quantity
            for one in row.versions
            if not one.bad
        )
        if done and not taken:
            raise Violation("done means done", f"{payload.stock} was told to be done")

    def _retry(self, process: Process) -> None:
        """Somebody retries what is held."""

        def work() -> None:
            for plan in plan_retry(process.ws, NAME, None):
                apply_plan(process.ws, plan)

        self._guarded(process, "retry", work)

    def _other_process(self) -> None:
        """While one process is paused: a second one works with the same cart."""
        if self.rng.random() < 0.7:
            other = self.world.new_process()
            if self.rng.random() < 0.7:
                self._cycle(other)
            else:
                self._export(other)

    def _release_brake(self) -> None:
        """The admin looks at what a brake holds back and lets it pass."""
        if not self.process.database.ask("SELECT 1 FROM outbox WHERE state = 'refused' AND reason LIKE 'A brake%'"):
            return
        books = self._admin().ws.books
        rows = books.outbox.list_rows(books.carts.get(NAME).cart_id, [OutboxState.REFUSED])
        self.world.happened["brake released"] += 1
        with books.transaction():
            books.outbox.retry(books.carts.get(NAME).cart_id, [one.row_id for one in rows], approved=True)

    # --- meanwhile

    def _change(self) -> None:
        if self.sends and self.rng.random() < 0.4:
            self.office.act(self.rng)
        else:
            self._change_shop()

    def _change_shop(self) -> None:
        """Something happens, perhaps while a process is in the midst of its work."""
        rng, world = self.rng, self.world
        if world.listing and self.shop.orders and rng.random() < 0.6:
            self.street.delete_order(among=3)  # what comes after it moves up
        elif world.nested and rng.random() < 0.2:
            self._press_stop()
        elif world.hint and self.sends_stock and rng.random() < 0.35:
            self.office.move_stock(rng, self.shop.items[world.hint].last)
        elif world.nested and self.sends and rng.random() < 0.4:
            self.office.act(rng)
        elif world.hint and rng.random() < 0.8:
            self.street.edit_item(world.hint)
        elif rng.random() < 0.04:
            self._press_stop()
        else:
            self.street.act(may_delete=world.nested == 0)

    def _press_stop(self) -> None:
        """In another window; it is started again after the run."""
        self.world.happened["Stop pressed"] += 1
        carts.stop_cart(self._admin().ws, NAME)
        self.oracle.stopped_at = self.world.runs
        self.world.log("Stop pressed")

    def _admin(self) -> Process:
        """A process whom nothing befalls: its steps are not counted against the aims."""
        return CalmProcess(self.world, "admin")

    # --- the end

    def _converge(self) -> int:
        """No more faults; what is unreadable is mended; then all must be well within a few cycles, and stay so."""
        world = self.world
        world.aims.clear()
        world.lies.clear()
        for key, row in self.shop.orders.items():
            if row.last.bad and not row.deleted and self.rng.random() < 0.5:
                stamp = row.versions[0].row.stamp
                assert stamp is not None
                self.shop.put(RecordKind.ORDER, order(int(key), stamp, 0, 1))
        world.log("the faults stop")
        self._after_run()
        problems: list[str] = []
        world.advance(self.rng.choice((1, LEASE, 600)))
        for cycle in range(1, ALLOWED_CYCLES + 1):
            world.advance(600)
            self._cycle(self.process)
            self._after_run()
            problems = self.oracle.unfinished(self.process)
            if not problems:
                self._stays_so()
                return cycle
        raise Violation("it converges", "; ".join(problems[:4]))

    def _stays_so(self) -> None:
        told = ", ".join(f"'{order_id}'" for order_id, _ in self.shop.parcels)  # their orders' states follow once more
        done = (
            "SELECT COUNT(*), MAX(action) FROM journal WHERE action <> 'skip'"
            f" AND NOT (kind = 'order' AND direction = 'import' AND external_id IN ({told}))"
        )
        before = self.process.database.ask(done)
        self.world.advance(600)
        result = self._cycle(self.process)
        after = self.process.database.ask(done)
        if after != before:
            raise Violation("nothing new, nothing done", f"journal from {before} to {after} ({result})")
        if problems := self.oracle.unfinished(self.process):
            raise Violation("it stays so", "; ".join(problems[:4]))


def vars_of(counts: object) -> dict[str, int]:
    """Counts as plain numbers."""
    return {
        name: value
        for name in ("received", "created", "updated", "same", "skipped", "held")
        if (value := getattr(counts, name))
    }
