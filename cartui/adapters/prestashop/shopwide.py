"""What holds for a whole shop and is read once a connection: its tables, settings, clock and language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cartui.adapters.prestashop.moments import ShopClock
from cartui.adapters.prestashop.parse import Tables
from cartui.adapters.prestashop.states import CONFIGURED, SHIPPED_STATE, meaning_of, parse_status_map
from cartui.adapters.prestashop.wire import Row
from cartui.domain.safe_text import safe_text
from cartui.errors import NeedsOperatorError

Filters = Sequence[tuple[str, str]]

_SHOP: Final = ("PS_TIMEZONE", "PS_LANG_DEFAULT", "PS_CURRENCY_DEFAULT", "PS_HOME_CATEGORY", "PS_STOCK_MANAGEMENT")
_SETTINGS: Final = (*_SHOP, *CONFIGURED, SHIPPED_STATE)


class Shopwide:
    """Part of `Session`, which reads the lists."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = options
        self._tables: dict[str, dict[str, Row]] = {}
        self._settings: dict[str, str] | None = None

    def all_rows(self, resource: str, filters: Filters, after_id: str = "") -> list[Row]:
        raise NotImplementedError

    def table(self, resource: str) -> Mapping[str, Row]:
        """A look-up list by id, read once."""
        if resource not in self._tables:
            self._tables[resource] = {str(row.get("id", "")): row for row in self.all_rows(resource, ())}
        return self._tables[resource]

    def optional_table(self, resource: str) -> Mapping[str, Row]:
        """As `table`; empty where the key may not read it: names that only adorn a record are no reason to stop."""
        try:
            return self.table(resource)
        except NeedsOperatorError:
            self._tables[resource] = {}
            return {}

    def tables(self, *names: str) -> Tables:
        """What `parse` needs; only the named lists are read."""
        ids = {self.settings[name]: word for name, word in CONFIGURED.items() if self.settings.get(name)}
        own = parse_status_map(self._options.get("status_map", ""))
        found = {name: self.table(name) for name in names}
        return Tables(
            clock=self.clock,
            default_currency=self._default_currency(found.get("currencies", {})),
            currencies=found.get("currencies", {}),
            countries=found.get("countries", {}),
            regions=found.get("states", {}),
            taxes=found.get("taxes", {}),
            carriers=found.get("carriers", {}),
            states={
                key: (name_of(row), meaning_of(row, ids, own)) for key, row in found.get("order_states", {}).items()
            },
            option_values=found.get("product_option_values", {}),
            groups=self.optional_table("groups") if "order_states" in found else {},
        )

    def _default_currency(self, currencies: Mapping[str, Row]) -> str:
        row = currencies.get(self.settings.get("PS_CURRENCY_DEFAULT", ""))
        if row is None and len(currencies) == 1:
            (row,) = currencies.values()
        return "" if row is None else safe_text(str(row.get("iso_code", "")), 3)

    @property
    def settings(self) -> Mapping[str, str]:
        """The shop's own settings that matter here; empty where the key may not read them and need not."""
        if self._settings is None:
            filters = [("filter[name]", f"[{'|'.join(_SETTINGS)}]")]
            try:
                rows = self.all_rows("configurations", filters)
            except NeedsOperatorError:
                if not self._options.get("time_zone"):
                    raise
                rows = []
            self._settings = _chosen(rows, self._options.get("shop_id", ""))
        return self._settings

    @property
    def known_time_zone(self) -> str:
        """The zone that the shop is set to, "" before it was read."""
        return "" if self._settings is None else safe_text(self._settings.get("PS_TIMEZONE", ""), 40)

    @property
    def clock(self) -> ShopClock:
        name = self._options.get("time_zone") or self.settings.get("PS_TIMEZONE", "")
        try:
            return ShopClock(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise NeedsOperatorError(
                f"The shop's time zone {safe_text(name, 40)!r} is not known here."
                if name
                else "The shop tells no time zone.",
                "Set the option time_zone of the cart to the shop's time zone, such as Europe/Paris.",
            ) from None

    @property
    def language(self) -> str:
        """The id of the language that names are read and written in, "" where only one can be told."""
        wanted = self._options.get("language", "").strip()
        if wanted and not wanted.isdecimal():
            found = [
                key
                for key, row in self.table("languages").items()
                if str(row.get("iso_code")).lower() == wanted.lower()
            ]
            if not found:
                raise NeedsOperatorError(f"The shop has no language {wanted[:20]!r}.", "Correct the option language.")
            return found[0]
        return wanted or self.settings.get("PS_LANG_DEFAULT", "")

    @property
    def counts_stock(self) -> bool:
        """False where stock management is switched off: the quantities then mean nothing."""
        return self.settings.get("PS_STOCK_MANAGEMENT", "1") != "0"

    @property
    def languages(self) -> list[str]:
        return list(self.table("languages"))


def name_of(row: Row) -> str:
    """A name in the language that was asked for, or in the first that has one."""
    value = row.get("name")
    if isinstance(value, list):
        value = next((one.get("value") for one in value if isinstance(one, dict) and one.get("value")), "")
    return safe_text(str(value or ""), 100)


def _chosen(rows: Iterable[Row], shop_id: str) -> dict[str, str]:
    """Of several values of a setting that of the shop, else the one for all shops, else the first."""
    ranked: dict[str, tuple[int, str]] = {}
    for row in rows:
        name, owner = str(row.get("name", "")), str(row.get("id_shop", ""))
        rank = 0 if shop_id and owner == shop_id else 1 if owner in ("", "0") else 2
        if name and (name not in ranked or rank < ranked[name][0]):
            ranked[name] = (rank, str(row.get("value", "")))
    return {name: value for name, (_, value) in ranked.items()}
