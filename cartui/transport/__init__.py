"""HTTP for adapters: pacing, retry, limits, credentials pinned to one origin, redaction, one status-to-error table.

An adapter makes one `Transport` per cart and sees two things only: a good `Reply`, or an error of `cartui.errors` that
says what the engine does next. Rules kept here, so that no adapter can forget them:

* TLS is always verified; plain http and userinfo in an address are refused; credentials go to the cart's origin only.
* Only requests that may be repeated are retried; a write whose answer was lost is an `UnknownOutcomeError`.
* Nothing leaves before a Retry-After has passed; a broken cart gets one probe a minute.
* An answer is complete, of the kind that was asked for, and within the `Limits`, or it is an error.
"""

from __future__ import annotations

import cartui.transport.slim_httpx  # noqa: F401  # isort: skip  (first: see there)

from cartui.transport.auth import Auth, basic_auth, bearer_auth, header_auth
from cartui.transport.client import Transport
from cartui.transport.errors_table import NotFoundError, server_message
from cartui.transport.limits import Limits
from cartui.transport.messages import Exchange, Reply
from cartui.transport.origin import Params, encode_query, is_loopback, join, parse_address, segment
from cartui.transport.pacing import Pacer, Pacing, StoppedError, StopWaiter, Waiter
from cartui.transport.read_ahead import read_ahead
from cartui.transport.retry import RetryRules
from cartui.transport.secrets import RedactingFilter, redact, register_secret
from cartui.transport.signing import HMAC_SHA1, HMAC_SHA256, OAuthKeys, Signer, render_oauth, sign_oauth
from cartui.transport.stages import Check, Finding, compare_clocks, reached, run_stages, tls_result, unreached_stage
from cartui.transport.stock_batches import batches_of, set_in_batches

__all__ = [
    "HMAC_SHA1",
    "HMAC_SHA256",
    "Auth",
    "Check",
    "Exchange",
    "Finding",
    "Limits",
    "NotFoundError",
    "OAuthKeys",
    "Pacer",
    "Pacing",
    "Params",
    "RedactingFilter",
    "Reply",
    "RetryRules",
    "Signer",
    "StopWaiter",
    "StoppedError",
    "Transport",
    "Waiter",
    "basic_auth",
    "batches_of",
    "bearer_auth",
    "compare_clocks",
    "encode_query",
    "header_auth",
    "is_loopback",
    "join",
    "parse_address",
    "reached",
    "read_ahead",
    "redact",
    "register_secret",
    "render_oauth",
    "run_stages",
    "segment",
    "server_message",
    "set_in_batches",
    "sign_oauth",
    "tls_result",
    "unreached_stage",
]
