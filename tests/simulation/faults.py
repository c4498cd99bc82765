"""What can go wrong, and where: each pair is one fault at one step. A schedule aims at some of them.

The table is the reach list: each pair must really happen so many times in a run, else the run has proven nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    KILL_BEFORE = "killed before"
    KILL_AFTER = "killed after"
    REFUSED = "fails before it arrives"
    LOST = "done, but the answer is lost"
    PAUSED = "paused, and another one runs"
    CHANGED = "the shop changes meanwhile"
    TWICE = "arrives twice"
    TOTAL_LIE = "a total too high"
    CUT_SHORT = "the list ends early"
    PAGE_AGAIN = "the same page again and again"
    FILTER_IGNORED = "the date filter is ignored"


class Step(StrEnum):
    """The calls of the ports. Those of the cart are named as the methods are."""

    ITER_ORDERS = "iter_orders"
    ITER_ITEMS = "iter_items"
    GET_ORDERS = "get_orders"
    GET_ITEMS = "get_items"
    FIND_ITEMS = "find_items"
    CREATE_ITEM = "create_item"
    UPDATE_ITEM = "update_item"
    SET_STOCK = "set_stock"
    FIND_SHIPMENTS = "find_shipments"
    CREATE_SHIPMENT = "create_shipment"
    WRITE = "write"  # a statement within a transaction
    BEGIN = "begin"
    COMMIT = "commit"


LISTS = (Step.ITER_ORDERS, Step.ITER_ITEMS)
READS = (*LISTS, Step.GET_ORDERS, Step.GET_ITEMS, Step.FIND_ITEMS, Step.FIND_SHIPMENTS)
WRITES = (Step.CREATE_ITEM, Step.UPDATE_ITEM, Step.SET_STOCK, Step.CREATE_SHIPMENT)
DATABASE = (Step.WRITE, Step.BEGIN, Step.COMMIT)
LIES = (Fault.TOTAL_LIE, Fault.CUT_SHORT, Fault.PAGE_AGAIN, Fault.FILTER_IGNORED)

_CALL = (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.REFUSED, Fault.LOST, Fault.PAUSED, Fault.CHANGED)
BEFORE = frozenset({Fault.KILL_BEFORE, Fault.REFUSED, Fault.PAUSED, Fault.CHANGED, Fault.TWICE, *LIES})

TABLE: dict[Step, tuple[Fault, ...]] = {
    **dict.fromkeys(READS, _CALL),
    **dict.fromkeys(LISTS, (*_CALL, *LIES)),
    **dict.fromkeys(WRITES, (*_CALL, Fault.TWICE)),
    Step.WRITE: (Fault.KILL_BEFORE, Fault.REFUSED),
    Step.BEGIN: (Fault.KILL_BEFORE, Fault.REFUSED, Fault.PAUSED, Fault.CHANGED),
    Step.COMMIT: (Fault.KILL_BEFORE, Fault.REFUSED, Fault.KILL_AFTER, Fault.LOST),
}

# How far into a schedule the step still comes, about: where an aim is set at random.
_DEPTH = {Step.WRITE: 40, Step.BEGIN: 40, Step.COMMIT: 40, Step.ITER_ORDERS: 8, Step.ITER_ITEMS: 4}

Pair = tuple[Fault, Step]


def all_pairs() -> list[Pair]:
    """Every fault at every step where it can be."""
    return [(fault, step) for step, some in TABLE.items() for fault in some]


class Aims:
    """Which faults a schedule will inject: the n-th time that a step is passed."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Step, bool], list[list[object]]] = {}

    def add(self, rng: Random, pair: Pair, times: tuple[int, int] | None = None) -> None:
        """Aim at one of the next `times` (from, to) that the step is passed; None: of as many as a schedule has."""
        fault, step = pair
        nth = rng.randint(*(times or (1, _DEPTH.get(step, 2))))
        self._waiting.setdefault((step, fault in BEFORE), []).append([nth, fault])

    def clear(self) -> None:
        """No more faults."""
        self._waiting = {}

    def pass_by(self, step: Step, before: bool) -> Iterator[Fault]:
        """The faults that are due as the step is passed once more, before or after its effect."""
        waiting = self._waiting.get((step, before))
        if not waiting:
            return
        for aim in list(waiting):
            aim[0] -= 1  # type: ignore[operator]
            if aim[0] == 0:
                waiting.remove(aim)
                yield aim[1]  # type: ignore[misc]
