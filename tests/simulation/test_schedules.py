"""Thousands of schedules of faults: nothing lost, nothing doubled, nothing stale, and all well soon after.

`CARTUI_SCHEDULES=100000 pytest tests/simulation/test_schedules.py` for a night.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faults import all_pairs
from tests.simulation.many import Total, run_many

MANY = int(os.environ.get("CARTUI_SCHEDULES", "2000"))
CYCLES_ALLOWED = 3
_ROOT = Path(__file__).parents[2]


def _ensure_all_well(total: Total) -> None:
    assert not total.failed, total.story()
    slowest = max(total.cycles)
    assert slowest <= CYCLES_ALLOWED, f"cycles to converge: {dict(total.cycles)}"


@pytest.mark.timeout(300)
def test_a_few_schedules_hold() -> None:
    """The fast part of the run below; its seeds are not among those."""
    _ensure_all_well(run_many(range(1_000_000, 1_000_300)))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_schedules_hold_and_reach_every_fault() -> None:
    """Each fault at each step really happens ten times in two thousand schedules: one that is never tried proves
    nothing."""
    total = run_many(range(MANY))
    _ensure_all_well(total)
    wanted = MANY // 200
    rare = {f"{step}: {fault}": n for fault, step in all_pairs() if (n := total.reached[fault, step]) < wanted}
    assert not rare, f"not tried {wanted} times: {rare}"
    few = {what: n for what, n in total.happened.items() if n < wanted}
    assert not few, f"happened less than {wanted} times: {few}"


def _digests(count: int, hash_seed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation", "0", "--digests", str(count)],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
def test_equal_seeds_make_equal_traces(count: int) -> None:
    """Byte for byte, in another process with another hash seed: any failure can be played again."""
    runs = [_digests(count, "1"), _digests(count, "4242")]
    try:
        one, two = [run.communicate()[0].split() for run in runs]
    finally:
        for run in runs:
            run.kill()
            run.wait()
    assert [run.returncode for run in runs] == [0, 0]
    assert len(set(one)) == count
    assert one == two
