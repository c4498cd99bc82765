"""Test Connection, as far as it is alike for every shop: stages run one after the other, what an answer proves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cartui.domain.ports import Stage, StageResult, Verdict
from cartui.errors import CartuiError
from cartui.transport.origin import is_loopback
from cartui.transport.pacing import StoppedError

MOST_SKEW: Final = timedelta(minutes=2)
Finding = tuple[Verdict, str, str]  # verdict, detail, remedy
Check = Callable[[], Finding | StageResult]


def run_stages(checks: Iterable[tuple[Stage, Check]], remedy: str = "") -> Iterator[StageResult]:
    """A line per stage; FAILED is the last one. `remedy` stands where an error has none. Only a stop escapes."""
    for stage, check in checks:
        result = run_stage(stage, check, remedy)
        yield result
        if result.verdict is Verdict.FAILED:
            return


def run_stage(stage: Stage, check: Check, remedy: str = "") -> StageResult:
    """What the check found; an error is a FAILED stage. A stop is nobody's fault and passes."""
    try:
        found = check()
    except StoppedError:
        raise
    except CartuiError as error:
        return StageResult(stage, Verdict.FAILED, error.problem, error.remedy or remedy)
    return found if isinstance(found, StageResult) else StageResult(stage, *found)


def reached(url: str, until: Stage) -> Iterator[StageResult]:
    """What an answer from `url`, or the way it failed, proves of the stages before `until`."""
    parts = urlsplit(url.strip())
    plain = StageResult(Stage.TLS, Verdict.SKIPPED, "plain http: nothing is encrypted on the way")
    lines = (
        StageResult(Stage.ADDRESS, Verdict.PASSED, f"{parts.hostname} answers"),
        StageResult(Stage.TLS, Verdict.PASSED, "the certificate is valid") if parts.scheme == "https" else plain,
        StageResult(Stage.REDIRECT, Verdict.PASSED, "none"),
    )
    order = list(Stage)
    yield from (line for line in lines if order.index(line.stage) < order.index(until))


def tls_result(url: str, remedy: str = "Use the shop's https:// address.") -> StageResult:
    """A secret that went over plain http is worth a warning, unless it did not leave this machine."""
    parts = urlsplit(url.strip())
    if parts.scheme == "https":
        return StageResult(Stage.TLS, Verdict.PASSED, "certificate verified")
    if is_loopback(parts.hostname or ""):
        return StageResult(Stage.TLS, Verdict.SKIPPED, "not encrypted, but on this machine")
    return StageResult(Stage.TLS, Verdict.WARNING, "not encrypted", remedy)


def unreached_stage(error: CartuiError) -> Stage:
    """Where a first request failed that got no answer of the shop's: the words are the transport's own."""
    for word, stage in (("certificate", Stage.TLS), ("redirect", Stage.REDIRECT)):
        if word in error.problem:
            return stage
    return Stage.ADDRESS


def compare_clocks(shop: datetime | None, now: Callable[[], datetime] | None) -> Finding:
    """The clock that an answer told of, against ours. Marks run on the shop's: a wrong one loses nothing."""
    if shop is None or now is None:
        return Verdict.SKIPPED, f"the shop's is {shop:%H:%M:%S} UTC" if shop else "the shop tells no time", ""
    skew = abs(shop - now())
    detail = f"{skew.total_seconds():.0f} s apart"
    if skew <= MOST_SKEW:
        return Verdict.PASSED, detail, ""
    return Verdict.WARNING, detail, "Set both clocks by a time server."
