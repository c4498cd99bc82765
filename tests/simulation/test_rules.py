"""Each hardening rule, taken away, is noticed: the simulation is strong enough to prove what it claims."""

from __future__ import annotations

import pytest

from tests.simulation.rules import FIRST, RULES, Rule, without
from tests.simulation.schedule import run_schedule

WITHIN = 1_000


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_missing_rule_is_noticed(rule: Rule) -> None:
    """Within a thousand schedules, and as the harm that the rule prevents. The one that missed it last is tried
    first."""
    with without(rule):
        for seed in (FIRST.get(rule.name, 0), *range(WITHIN)):
            outcome = run_schedule(seed)
            if outcome.problem:
                assert outcome.rule in rule.caught_as, f"seed {seed}: {outcome.problem}"
                return
    pytest.fail(f"{WITHIN} schedules went well without the rule {rule.name!r}")
