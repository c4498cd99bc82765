"""Test Connection's stages, as every adapter runs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.errors import AbortCycleError
from cartui.transport import Check, Finding, StoppedError, compare_clocks, run_stages, tls_result

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def passes() -> Finding:
    return Verdict.PASSED, "well", ""


def fails() -> Finding:
    raise AbortCycleError("The shop did not answer.")


def is_stopped() -> Finding:
    raise StoppedError


def run(*checks: Check) -> list[StageResult]:
    return list(run_stages(zip(Stage, checks, strict=False), "Try again later."))


def test_the_first_stage_that_fails_is_the_last_one() -> None:
    """An error is a line with its remedy, or the adapter's own where it has none."""
    told = run(passes, fails, passes)
    assert [one.verdict for one in told] == [Verdict.PASSED, Verdict.FAILED]
    assert (told[1].detail, told[1].remedy) == ("The shop did not answer.", "Try again later.")


def test_a_check_may_find_another_stage_wanting() -> None:
    """What a list lacks can be the shop's version."""
    [told] = run(lambda: StageResult(Stage.VERSION, Verdict.FAILED, "too old", "Update it."), passes)
    assert told.stage is Stage.VERSION


def test_a_stop_is_no_finding() -> None:
    """Who presses Esc in the midst is not told that the shop failed."""
    with pytest.raises(StoppedError):
        run(passes, is_stopped)


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("https://shop.example", Verdict.PASSED),
        (" HTTPS://shop.example:8443/api", Verdict.PASSED),
        ("http://localhost", Verdict.SKIPPED),
        ("http://localhost/api", Verdict.SKIPPED),
        ("http://[::1]:9000", Verdict.SKIPPED),
        ("http://shop.example:9000", Verdict.WARNING),
    ],
)
def test_plain_http_is_worth_a_warning_beyond_this_machine(url: str, verdict: Verdict) -> None:
    """With a port or without."""
    assert tls_result(url).verdict is verdict


def test_clocks_may_be_two_minutes_apart() -> None:
    """Either way; a shop that tells no time can't be compared."""
    for seconds, verdict in ((-120, Verdict.PASSED), (120, Verdict.PASSED), (-121, Verdict.WARNING)):
        assert compare_clocks(NOW + timedelta(seconds=seconds), lambda: NOW)[0] is verdict
    assert compare_clocks(None, lambda: NOW)[0] is Verdict.SKIPPED
