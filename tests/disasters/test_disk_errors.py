"""A disk that is full or breaks at each call that writes: an exit code, a sentence with its remedy, nothing half done.

A sample by default. `CARTUI_DISASTERS=all pytest tests/disasters/test_disk_errors.py` lets every call fail, once and
from then on (RELIABILITY R5).
"""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Ran
from tests.disasters.conftest import FlowOf, chosen
from tests.disasters.ground import FLOWS, GOOD, Flow, check_sound
from tests.disasters.tracing import DISK, fail_at

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disasters"), pytest.mark.timeout(14400)]
FEW = 1
SETTINGS, AWAY = 2, 5


def check_told(flow: Flow, ran: Ran, *, deaf: bool) -> None:
    """No fault in cartui, no traceback; what was not done is not said to be done, and there is a remedy. `deaf`: what
    is said goes to the same broken disk."""
    assert "Traceback" not in ran.err, ran.err
    lines = [json.loads(line) for line in ran.out.splitlines() if line.startswith("{")]
    if ran.code in GOOD or (lines and lines[-1].get("exit_code") == 0):
        assert flow.content() == flow.done, "it says that all is well"
    if ran.code in GOOD:
        return
    if not (deaf and ran.code == 120):  # Python's own, where not even the way to /dev/null is open
        assert ran.code in (SETTINGS, AWAY), (ran.code, ran.err)
    told = ran.err.strip().splitlines()
    assert deaf or any(line.count(". ") >= 1 for line in told), ran.err


@pytest.mark.parametrize(
    ("error", "stays"), [("EIO", False), ("ENOSPC", True)], ids=["EIO once", "ENOSPC from then on"]
)
@pytest.mark.parametrize("name", FLOWS)
def test_a_write_that_fails_is_said_and_nothing_is_half_done(
    traced: None, flow_of: FlowOf, name: str, error: str, stays: bool
) -> None:
    """Nor is it said to be done; when the disk is well again the next run does the rest."""
    flow = flow_of(name)
    flow.put_back()
    ran, counts = flow.tracer.count(DISK, *flow.words)
    assert ran.code in GOOD, ran.err
    points = [(call, number) for call, times in sorted(counts.items()) for number in range(1, times + 1)]
    codes, wrong = [], []
    for call, number in chosen(points, FEW, f"{name} {error}"):
        flow.put_back()
        ran = flow.run(*fail_at(call, error, number, stays=stays))
        codes.append(ran.code)
        try:
            check_told(flow, ran, deaf=call == "write")
            check_sound(flow)
            flow.complete()
            check_sound(flow)
            assert flow.content() == flow.expected
        except AssertionError as found:
            wrong.append(f"{call} {number}: {ran}: {found}")
    print(f"{name}: {error} at {len(points)} calls, exit codes { {code: codes.count(code) for code in set(codes)} }")
    assert not wrong, "\n".join(wrong)
