"""Writes whose answer is not believed as it is: HTTP 500 may have saved everything, so what became of it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from cartui.adapters.prestashop.errors import CORRECT, DoubtfulError
from cartui.adapters.prestashop.fields import holds
from cartui.adapters.prestashop.render import Fields
from cartui.adapters.prestashop.session import Session
from cartui.adapters.prestashop.shopwide import Filters
from cartui.domain.ports import BadRecord, Received
from cartui.errors import AbortCycleError, HoldRecordError, UnknownOutcomeError
from cartui.transport import NotFoundError

R = TypeVar("R")


class Writer:
    """Creates and changes records of one shop."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def make(
        self, resource: str, fields: Fields, label: str, find: Callable[[], Sequence[str]], params: Filters = ()
    ) -> str:
        """Create; whatever the answer says, what was made is looked up before it is believed that nothing was."""
        said = "The shop's answer does not say what it made."
        try:
            if made := self._session.create(resource, fields, label, params):
                return made
        except DoubtfulError as error:
            said = error.said
        try:
            found = find()
        except AbortCycleError as error:
            raise UnknownOutcomeError(
                f"{said} {error.problem}", "It is looked up before anything is sent again."
            ) from None
        if not found:
            raise HoldRecordError(label, f"The shop did not make it: {said or 'status 500'}", CORRECT)
        return found[0]

    def change(self, resource: str, record_id: str, fields: Fields, label: str, params: Filters = ()) -> None:
        """HTTP 500 may have saved it all the same: then the record is read and compared, as it is where the answer
        shows other values than were sent."""
        if not fields:
            return
        try:
            self._session.change(resource, record_id, fields, label, params)
        except DoubtfulError as error:
            rows = self._session.whole_rows(resource, "id", f"[{record_id}]")
            if not rows or not all(holds(rows[0].get(name), value) for name, value in fields.items()):
                raise HoldRecordError(
                    label, f"The shop did not take it: {error.said or 'it keeps another value than was sent'}.", CORRECT
                ) from None


def readable(rows: Iterable[Received[R]]) -> list[R]:
    """The records found. One that can't be read is a refusal: it must not be made a second time."""
    found: list[R] = []
    for row in rows:
        if isinstance(row.record, BadRecord):
            raise HoldRecordError(row.external_id, f"The shop has it, but {row.record.reason}", row.record.remedy)
        found.append(row.record)
    return found


def missing(record: str) -> NotFoundError:
    return NotFoundError(record, f"The shop has no {record[:40]}.", "List the shop's records again; it may be deleted.")
