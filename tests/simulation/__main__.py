"""One schedule again, with all that happened in it; or many.

python -m tests.simulation SEED                      the trace of one schedule
python -m tests.simulation SEED --without "RULE"     the same while a rule is taken away
python -m tests.simulation FIRST --many COUNT        how many hold, what was reached
python -m tests.simulation FIRST --rules             by rule the first schedule that misses it
python -m tests.simulation FIRST --digests COUNT     a line a schedule: hash of its trace
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from tests.simulation.faults import all_pairs
from tests.simulation.many import run_many
from tests.simulation.rules import RULES, without
from tests.simulation.schedule import run_schedule


def main(arguments: list[str]) -> int:
    """1 where an invariant did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seed", type=int)
    parser.add_argument("--without", metavar="RULE", choices=[rule.name for rule in RULES])
    parser.add_argument("--many", metavar="COUNT", type=int)
    parser.add_argument("--digests", metavar="COUNT", type=int)
    parser.add_argument("--rules", action="store_true")
    told = parser.parse_args(arguments)
    if told.rules:
        return _rules(told.seed)
    rule = next((one for one in RULES if one.name == told.without), None)
    with without(rule) if rule else nullcontext():
        if told.digests:
            print("\n".join(run_many(range(told.seed, told.seed + told.digests), processes=1).digests))
            return 0
        return _many(told.seed, told.many) if told.many else _one(told.seed)


def _one(seed: int) -> int:
    outcome = run_schedule(seed, keep_trace=True)
    print("\n".join(outcome.trace))
    print(f"seed {seed}: {outcome.problem or f'all held, converged in {outcome.cycles} cycle(s)'}; {outcome.digest}")
    return 1 if outcome.problem else 0


def _rules(first: int) -> int:
    missed = True
    for rule in RULES:
        with without(rule):
            found = next((seed for seed in range(first, first + 1000) if run_schedule(seed).problem), None)
        missed = missed and found is not None
        print(f'    "{rule.name}": {found},', flush=True)
    return 0 if missed else 1


def _many(first: int, count: int) -> int:
    total = run_many(range(first, first + count))
    for fault, step in all_pairs():
        print(f"{total.reached[fault, step]:7} {step}: {fault}")
    print({what: total.happened[what] for what in sorted(total.happened)})
    print(f"cycles to converge: {dict(sorted(total.cycles.items()))}")
    print(total.story())
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
