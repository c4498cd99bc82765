"""SIGKILL at each call to the disk and to the network: what was done before stays, and the next run does the rest.

A sample by default. `CARTUI_DISASTERS=all pytest tests/disasters/test_kills.py` kills at every one (RELIABILITY R4).
"""

from __future__ import annotations

import signal

import pytest

from tests.disasters.conftest import FlowOf, chosen
from tests.disasters.ground import FLOWS, GOOD, check_sound
from tests.disasters.tracing import DISK, LINE, kill_at

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("disasters"), pytest.mark.timeout(7200)]
FEW = {"import": 3, "create": 2, "stock": 2, "start": 1, "migrate": 1, "backup": 1}


@pytest.mark.parametrize("name", FLOWS)
def test_killed_at_any_call_it_is_done_by_the_next_run(traced: None, flow_of: FlowOf, name: str) -> None:
    """The database is sound at once; afterwards books and shop are as if nothing had happened: nothing lost, nothing
    there twice."""
    flow = flow_of(name)
    flow.put_back()
    ran, counts = flow.tracer.count((*DISK, *LINE), *flow.words)
    assert ran.code in GOOD, ran.err
    points = [(call, number) for call, times in sorted(counts.items()) for number in range(1, times + 1)]
    picked = chosen(points, FEW[name], name)
    killed, wrong = 0, []
    for call, number in picked:
        flow.put_back()
        ran = flow.run(*kill_at(call, number))
        killed += ran.code == -signal.SIGKILL
        try:
            assert ran.code in (-signal.SIGKILL, *GOOD), ran
            check_sound(flow)
            flow.complete()
            check_sound(flow)
            assert flow.content() == flow.expected
        except AssertionError as error:
            wrong.append(f"{call} {number}: {error}")
    print(f"{name}: killed at {killed} of {len(points)} calls {dict(counts)}")
    assert not wrong, "\n".join(wrong)
    assert killed >= 0.9 * len(picked)
