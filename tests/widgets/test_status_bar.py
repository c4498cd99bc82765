"""The status line paints only what changed."""

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from cartui.widgets.status_bar import StatusBar, StatusSegment
from tests.domain.hostile import HOSTILE_TEXTS, forbidden_in


class Bar(App[None]):
    def compose(self) -> ComposeResult:
        yield StatusBar(lines=2)


async def test_paints_only_the_line_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same segments again paint nothing; a change of one line paints that one."""
    app = Bar()
    async with app.run_test(size=(60, 5)):
        bar = app.query_one(StatusBar)
        segments = [
            StatusSegment("RUNNING", "good"),
            StatusSegment("last 10:00", line=1),
            StatusSegment("3 held", right=True),
        ]
        bar.set_segments(segments)
        painted: list[Region] = []
        monkeypatch.setattr(bar, "refresh", lambda *regions, **options: painted.extend(regions))
        bar.set_segments(list(segments))
        assert painted == []
        bar.set_segments([segments[0], StatusSegment("last 10:10", line=1), segments[2]])
        assert painted == [Region(0, 1, 60, 1)]
        assert bar.render_line(0).text.startswith(" RUNNING")
        assert bar.render_line(0).text.rstrip().endswith("3 held")


async def test_hostile_text_is_safe_and_cut() -> None:
    """Whatever a cart is called, the line keeps its width and holds no control character."""
    app = Bar()
    async with app.run_test(size=(60, 5)):
        bar = app.query_one(StatusBar)
        for text in HOSTILE_TEXTS:
            bar.set_segments([StatusSegment(text, "bad"), StatusSegment(text, right=True)])
            strip = bar.render_line(0)
            assert strip.cell_length == 60
            assert forbidden_in(strip.text) == []
