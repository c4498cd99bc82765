"""Rows by position, read in pages and kept a while: memory stays the same at any length of a list."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from cartui.domain.rows import Row, RowSource

PAGE_ROWS: Final = 64
MAX_PAGES: Final = 16


class PageCache:
    """The pages used last of one source and one view."""

    def __init__(self, source: RowSource) -> None:
        self._source = source
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()

    def row(self, position: int) -> Row | None:
        """The row at ``position``, None past the end."""
        number, at = divmod(position, PAGE_ROWS)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = self._source.page(number * PAGE_ROWS, PAGE_ROWS)
            if len(self._pages) > MAX_PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page[at] if at < len(page) else None

    def clear(self) -> None:
        """Forget all: the source changed."""
        self._pages.clear()

    def __len__(self) -> int:
        return len(self._pages)
