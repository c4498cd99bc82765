"""Many schedules in as many processes as there are cores, and what they add up to."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulation.faults import Pair
from tests.simulation.schedule import Outcome, run_schedule

_SLICE = 25


@dataclass(slots=True)
class Total:
    """`failed`: outcomes with a problem, the first ones by seed. `cycles`: how many cycles converging took."""

    count: int = 0
    failed: list[Outcome] = field(default_factory=list)
    cycles: Counter[int] = field(default_factory=Counter)
    reached: Counter[Pair] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    digests: list[str] = field(default_factory=list)

    def add(self, other: Total) -> None:
        self.count += other.count
        self.failed += other.failed
        self.cycles += other.cycles
        self.reached += other.reached
        self.happened += other.happened
        self.digests += other.digests

    def story(self) -> str:
        """The shortest failures, each with its replay command and the end of its trace."""
        shortest = sorted(self.failed, key=lambda outcome: len(outcome.trace))[:3]
        return "\n\n".join([f"{len(self.failed)} of {self.count} schedules failed.", *map(_told, shortest)])


def _told(outcome: Outcome) -> str:
    trace = "\n".join(outcome.trace[-60:])
    return f"python -m tests.simulation {outcome.seed}\n{trace}\n{outcome.problem}"


def run_slice(seeds: range) -> Total:
    """Some schedules in this process."""
    total = Total()
    gc.disable()  # a tenth faster; once at the end is enough
    for seed in seeds:
        outcome = run_schedule(seed)
        total.count += 1
        total.cycles[outcome.cycles] += 1
        total.reached += outcome.reached
        total.happened += outcome.happened
        total.digests.append(outcome.digest)
        if outcome.problem:
            total.failed.append(outcome)
    gc.enable()
    gc.collect()
    return total


def run_many(seeds: range, processes: int = 0) -> Total:
    """All of them, in order; `processes` 0: one a core."""
    slices = [seeds[start : start + _SLICE] for start in range(0, len(seeds), _SLICE)]
    total = Total()
    for one in _run(slices, processes or os.cpu_count() or 1):
        total.add(one)
    return total


def _run(slices: list[range], processes: int) -> Iterator[Total]:
    if processes == 1:
        yield from map(run_slice, slices)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap(run_slice, slices)
