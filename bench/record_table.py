"""What a key press costs in a table of 1,000 and of 1,000,000 rows: CPU, bytes over the line, memory, and the ratios.

    python -m bench.record_table [--truecolor]

Each size runs in a process of its own in a real pseudo-terminal of 80x24; the rows are worked out from their number,
never held. CPU is the scheduler's count of all threads of that process, bytes are what comes out of it. Linux only.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.measure import Figure
from cartui.domain.query import matches, parse_query
from cartui.domain.rows import Column, Editor, Row, View

COLUMNS = (
    Column("code", "Code", 12, editor=Editor.CODE),
    Column("name", "Name", 26),
    Column("stock", "Stock", 7, "right", Editor.INTEGER),
    Column("price", "Price", 9, "right", Editor.DECIMAL),
    Column("status", "Status", 11, priority=5),
)
KEYS = {
    "key down": (b"j", 20),
    "toggle and step": (b" ", 15),
    "page down": (b"\x1b[6~", 20),
    "scroll by one": (b"k", 10),
    "select all": (b"a", 6),
    "last, first": (b"G", 1),
    "sort": (b"o", 4),
}
IDLE_SECONDS = 5.0


@dataclass
class Numbered:
    """Rows made from their number; an order other than the own one is an array of positions."""

    size: int
    columns: Sequence[Column] = COLUMNS
    order: array[int] | None = field(default=None)

    def count(self) -> int:
        return self.size if self.order is None else len(self.order)

    def _row(self, number: int) -> Row:
        price = f"{number * 7919 % 100_000 / 100:.2f}"
        state = "processing" if number % 3 else "done"
        return Row(str(number), (f"SKU-{number:07}", f"Article {number}", str(number % 97), price, state))

    def page(self, start: int, size: int) -> Sequence[Row]:
        stop = min(start + size, self.count())
        at = range(start, stop) if self.order is None else self.order[start:stop]
        return [self._row(number) for number in at]

    def find(self, key: str) -> int | None:
        # An order is searched as it would be by an index: the measured table must not pay for this stand-in.
        if self.order is None:
            return int(key)
        try:
            return self.order.index(int(key))
        except ValueError:
            return None

    def set_view(self, view: View) -> None:
        numbers: Sequence[int] = range(self.size)
        if view.filter:
            wanted = parse_query(view.filter).terms[0].value
            numbers = array("I", (number for number in numbers if wanted in str(number)))
        if view.order_by is not None:
            numbers = sorted(numbers, key=lambda number: number * 7919 % 100_000, reverse=view.descending)
        self.order = None if isinstance(numbers, range) else array("I", numbers)

    def keys(self, view: View) -> Iterator[str]:
        query = parse_query(view.filter)
        names = [column.name for column in COLUMNS]
        return (str(n) for n in range(self.size) if matches(query, dict(zip(names, self._row(n).cells, strict=True))))


def show(size: int) -> None:
    """The measured program: one list and a status line."""
    from textual.app import App, ComposeResult

    from cartui.widgets.filter_bar import RecordList
    from cartui.widgets.status_bar import StatusBar, StatusSegment

    class Bench(App[None]):
        ENABLE_COMMAND_PALETTE = False

        def compose(self) -> ComposeResult:
            yield RecordList(Numbered(size))
            yield StatusBar()

        def on_mount(self) -> None:
            self.query_one(StatusBar).set_segments([StatusSegment("RUNNING", "good"), StatusSegment(f"{size} rows")])

    Bench().run()


class Terminal:
    """The program at the other end of a pseudo-terminal."""

    def __init__(self, size: int, truecolor: bool) -> None:
        self.end, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        env = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor" if truecolor else "")
        env.pop("NO_COLOR", None)
        command = [sys.executable, __file__, "--show", str(size)]
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=env, start_new_session=True
        )
        os.close(other)

    def read(self, quiet: float, limit: float = 30.0) -> bytes:
        """What comes until nothing came for ``quiet`` seconds."""
        parts, end = [], time.monotonic() + limit
        while time.monotonic() < end and select.select([self.end], [], [], quiet)[0]:
            try:
                parts.append(os.read(self.end, 65536))
            except OSError:  # the program has ended
                break
        return b"".join(parts)

    def cpu_ms(self) -> float:
        """CPU of all threads so far."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    def rss_mb(self) -> float:
        """Resident memory now."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def press(self, keys: bytes, quiet: float = 0.12) -> tuple[float, int]:
        """(CPU ms, bytes) until the terminal is quiet again."""
        before = self.cpu_ms()
        os.write(self.end, keys)
        sent = self.read(quiet)
        return self.cpu_ms() - before, len(sent)

    def close(self) -> None:
        """End the program."""
        os.write(self.end, b"\x11")
        self.read(0.3, 5)
        self.process.terminate()
        self.process.wait(10)
        os.close(self.end)


def measure(size: int, truecolor: bool) -> dict[str, tuple[float, float, int]]:
    """name -> (median CPU ms, slowest, median bytes); memory under "RSS MB"."""
    terminal = Terminal(size, truecolor)
    select.select([terminal.end], [], [], 60.0)  # a busy machine may be slow to start it
    terminal.read(3.0)
    found: dict[str, tuple[float, float, int]] = {}
    before, idle_bytes = terminal.cpu_ms(), len(terminal.read(IDLE_SECONDS, IDLE_SECONDS))
    found[f"idle {IDLE_SECONDS:.0f} s"] = (terminal.cpu_ms() - before, 0, idle_bytes)
    terminal.press(b"jkjk")
    for name, (key, times) in KEYS.items():
        if name == "toggle and step":
            terminal.press(b"g")
        if name == "scroll by one":
            terminal.press(b"G", 0.3)
            terminal.press(b"k" * 40, 0.5)
        if name == "sort":
            found["RSS MB before sort"] = (terminal.rss_mb(), 0, 0)
        taken = [terminal.press(key, 1.5 if name == "sort" else 0.12) for _ in range(times)]
        cpus = [cpu for cpu, _ in taken]
        found[name] = (statistics.median(cpus), max(cpus), int(statistics.median(sent for _, sent in taken)))
    terminal.press(b"/")
    cpu, sent = terminal.press(b"123", 1.5)
    found["filter, 3 letters"] = (cpu, cpu, sent)
    terminal.close()
    return found


RATIO, SLOWEST_MS, MEMORY_MB, MOVE_BYTES, TOGGLE_BYTES = 1.5, 50, 10, 300, 250
_BYTES = {"key down": MOVE_BYTES, "toggle and step": TOGGLE_BYTES}


def figures() -> list[Figure]:
    """What the goals speak of: move, toggle, page, scroll; memory; bytes while nothing happens."""
    small, large = measure(1_000, False), measure(1_000_000, False)
    found = []
    for name in ("key down", "toggle and step", "page down", "scroll by one"):
        cpu, slowest, sent = large[name]
        few = small[name][0]
        detail = f"{cpu:.1f} ms CPU (most {slowest:.1f}) against {few:.1f}; {sent} bytes"
        found.append(Figure(f"{name}, 1,000,000 / 1,000 rows", cpu / few, RATIO, detail))
        found.append(Figure(f"{name}, 1,000,000 rows: ms CPU", cpu, SLOWEST_MS, ""))
        if name in _BYTES:
            found.append(Figure(f"{name}: bytes", sent, _BYTES[name], ""))
    more = large["RSS MB before sort"][0] - small["RSS MB before sort"][0]
    idle = large[f"idle {IDLE_SECONDS:.0f} s"][2]
    return [
        *found,
        Figure("1,000,000 rows: MB more than 1,000", more, MEMORY_MB, ""),
        Figure("1,000,000 rows: bytes while nothing happens", idle, 0, ""),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--truecolor", action="store_true", help="a terminal of 16 million colours instead of 256")
    options = parser.parse_args()
    if options.show:
        show(options.show)
        return
    small, large = measure(1_000, options.truecolor), measure(1_000_000, options.truecolor)
    print(f"{'':22} {'1,000 rows':>26} {'1,000,000 rows':>26} {'ratio':>7}")
    for name, (cpu, slowest, sent) in small.items():
        big, big_slowest, big_sent = large[name]
        left, right = (
            f"{c:7.1f} ({s:5.1f}) {b:7} B" for c, s, b in ((cpu, slowest, sent), (big, big_slowest, big_sent))
        )
        print(f"{name:22} {left:>26} {right:>26} {big / cpu if cpu else 1:7.2f}")
    print(
        "CPU ms: median (slowest).\n"
        "Goals: keys <= 1.5 x and < 50 ms, memory within 10 MB, move <= 300 B, toggle <= 250 B, idle 0 B."
    )


if __name__ == "__main__":
    main()
