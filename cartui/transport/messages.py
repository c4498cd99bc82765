"""What goes through the transport: the values an adapter sees (Reply, Exchange) and the two that stay inside."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from cartui.errors import AbortCycleError
from cartui.transport.errors_table import unusable_page
from cartui.transport.limits import BodyError, parse_integer, parse_number


@dataclass(frozen=True)
class Reply:
    """A good answer, or one with an expected status. `headers` are case-insensitive; `date` is the server's clock
    (aware UTC) where it told it; `seconds` is what the exchange took."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    date: datetime | None
    seconds: float

    @cached_property
    def json(self) -> Any:
        """The parsed body, None if it is empty. Numbers with a point are Decimal, never float; senseless ones stay
        text (`parse_number`), half of a surrogate pair is U+FFFD: no text that can be kept holds one. Raises
        AbortCycleError for a body that is no JSON. For big pages give `body` to pydantic's `validate_json` instead."""
        if not self.body.strip():
            return None
        try:
            read = json.loads(self.body, parse_float=parse_number, parse_int=parse_integer, parse_constant=str)
            return _whole_signs(read) if _HALF_SIGN.search(self.body) else read
        except ValueError:
            fault = unusable_page(self.body)
        raise AbortCycleError(fault.problem, fault.remedy)


_HALF_SIGN: Final = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")  # most bodies have no pair either


def _whole_signs(value: Any) -> Any:
    """One torn character in one text must not keep a page of records from being read."""
    if isinstance(value, dict):
        return {_whole_signs(key): _whole_signs(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole_signs(one) for one in value]
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that left, for a log: `url` and `error` hold no secret; `status` is None where no answer came;
    `received` counts bytes on the wire."""

    method: str
    url: str
    status: int | None
    seconds: float
    received: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for. `types`: further content types that mean JSON here; None: any content will do."""

    method: str
    url: str = field(repr=False)
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    idempotent: bool
    writes: bool
    expect: Collection[int]
    types: Collection[str] | None
    record: str
    listing: bool

    @property
    def at_risk(self) -> bool:
        """An answer that gets lost leaves it open whether something was changed."""
        return self.writes or not self.idempotent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire, not judged yet; `fault` is what was wrong with its body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    fault: BodyError | None
    seconds: float
    received: int
