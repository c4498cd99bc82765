"""What Cart Connect's refusals mean (docs/cart-connect.md, section 8); the rest is judged by the transport's table."""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cartui.adapters.cart_connect import wire
from cartui.adapters.cart_connect.listing import ASK_MAKER, in_words
from cartui.adapters.cart_connect.parse import UnreadableError, parse_moment
from cartui.domain.ports import Stage
from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text
from cartui.errors import CartuiError, HoldRecordError, NeedsOperatorError, joined
from cartui.transport import NotFoundError, Reply

_PING = TypeAdapter(wire.Ping)


def refusal_of(reply: Reply, record: str) -> HoldRecordError:
    """A refused call about one record (400, 404, 409), in the shop's own words, with the shop's remedy."""
    error = error_of(reply)
    problem = safe_text(str(error.get("message") or f"status {reply.status}"), 300)
    said = error.get("remedy")
    remedy = safe_text(str(said), 300) if said else retry_held("Correct it")
    if existing := error.get("existing_id"):
        remedy = joined(remedy, f"It is {safe_text(str(existing), 64)} in the shop.")
    kind = NotFoundError if reply.status == 404 else HoldRecordError
    return kind(record, f"The shop refused it: {problem}.", remedy)


def error_of(reply: Reply) -> dict[str, Any]:
    told = reply.json
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, dict) else {}


def failed_stage(status: int | None, error: CartuiError) -> Stage:
    """The stage of Test Connection that an error of its first call belongs to. `status` is that of the last answer,
    None where none came."""
    if status is None:
        # Without an answer the transport wants an operator for a certificate only.
        refused = isinstance(error, NeedsOperatorError) or "encrypted connection" in error.problem
        return Stage.TLS if refused else Stage.ADDRESS
    if 300 <= status < 400:
        return Stage.REDIRECT
    if status in (401, 403):
        return Stage.AUTHENTICATION
    return Stage.VERSION if isinstance(error, OtherProtocolError) else Stage.ADDRESS


class OtherProtocolError(NeedsOperatorError):
    """Something answers as it should, but not in Cart Connect 1."""


def parse_ping(body: bytes) -> wire.Ping:
    """What the shop says of itself (section 2). `OtherProtocolError` where it is another protocol or version."""
    try:
        ping = _PING.validate_json(body, strict=True)
        parse_moment(ping["server_time"], "server_time")
    except ValidationError as error:
        raise OtherProtocolError(f"The shop's ping is not Cart Connect: {in_words(error)}.", ASK_MAKER) from None
    except UnreadableError as error:
        raise OtherProtocolError(f"The shop's ping is not Cart Connect: {error}.", ASK_MAKER) from None
    protocol = ping["protocol"]
    if protocol["name"] != "cart-connect" or not re.fullmatch(r"1\.\d{1,4}", protocol["version"], re.ASCII):
        spoken = safe_text(f"{protocol['name']} {protocol['version']}", 60)
        raise OtherProtocolError(
            f"The shop speaks {spoken}, not cart-connect 1.", "Update cartui or the shop's module."
        )
    return ping
