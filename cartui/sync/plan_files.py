"""Plan now, look, apply later: a plan goes out as a sealed file and comes back as the plan of then and now (N01)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cartui.domain.fingerprint import fingerprint_connection
from cartui.domain.plan import Doing, Plan, PlanRequest
from cartui.domain.plan_file import PlanFile, keep_sealed, read_plan, seal_plan
from cartui.errors import NeedsOperatorError
from cartui.sync.actions import Selection, plan_export, plan_import, plan_link
from cartui.sync.apply import plan_brakes
from cartui.sync.undo import plan_undo
from cartui.sync.unlink import plan_unlink
from cartui.sync.workspace import ProgressSink, Workspace, never_stop, no_progress


def plan_request(
    ws: Workspace,
    name: str,
    request: PlanRequest,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> Plan:
    """The plan for what was asked, made of how things stand now."""
    if request.doing is Doing.UNDO:
        return plan_undo(ws, name, int(request.keys[0]) if request.keys else None, progress=progress, stop=stop)
    planner = {
        Doing.IMPORT: plan_import,
        Doing.LINK: plan_link,
        Doing.EXPORT: plan_export,
        Doing.UNLINK: plan_unlink,
    }[request.doing]
    return planner(ws, name, request.kind, Selection(request.keys, request.edits), progress=progress, stop=stop)


def plan_text(ws: Workspace, plan: Plan) -> str:
    """The file of a plan. `NeedsOperatorError` for one that was not asked for by a person."""
    document = ws.books.carts.get_by_id(plan.cart_id)
    return seal_plan(
        plan,
        connection=fingerprint_connection(document.connection),
        made_at=ws.clock(),
        actor=ws.actor,
        brakes=[str(brake) for brake in plan_brakes(ws, plan)],
    )


def keep_plan(ws: Workspace, plan: Plan, path: Path) -> Path:
    """Write the file of a plan, readable for its owner alone. `NeedsOperatorError` where it exists or can't be made."""
    text = plan_text(ws, plan)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise NeedsOperatorError(
            f"{path} can't be written ({error.strerror}).", "Choose another name or directory."
        ) from error
    return path.absolute()


def plan_again(
    ws: Workspace,
    text: str,
    *,
    progress: ProgressSink = no_progress,
    stop: Callable[[], bool] = never_stop,
) -> tuple[PlanFile, Plan]:
    """A plan file, and its plan made again: what came out otherwise is refused row by row. `NeedsOperatorError` for a
    file that is broken, or that was made for another shop than the cart of that name is connected to now."""
    sealed = read_plan(text)
    document = ws.books.carts.get(sealed.cart_name)
    if fingerprint_connection(document.connection) != sealed.connection:
        raise NeedsOperatorError(
            f"Cart {document.name!r} is connected otherwise than when this plan was made.",
            "Make the plan again with `cartui plan` and look at it.",
        )
    return sealed, keep_sealed(sealed, plan_request(ws, document.name, sealed.request, progress=progress, stop=stop))
