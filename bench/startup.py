"""How long until something is there: `--version` and `--help`, and the first picture of the terminal screens.

    python -m bench.startup [--rounds 5]

Words are measured in CPU seconds against `python -c "import argparse"`. The first picture is measured in seconds on a
pty, from the start of the process until its words are drawn, against a Textual app with a header, a line and a footer.
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
import tempfile
import termios
import time
from pathlib import Path

from bench.measure import CARTUI, PYTHON, ROOT, Figure, by_turns, bytecode, median, run, spread

MINIMAL = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Minimal(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield Static("hello")
        yield Footer()
Minimal().run()
"""
PATIENCE_SECONDS = 30.0


def first_picture(command: list[str], sign: bytes, home: Path) -> float:
    """Seconds until the sign is written to the terminal."""
    master, slave = pty.openpty()
    env = {**bytecode(), "TERM": "xterm-256color", "CARTUI_HOME": str(home)}
    began = time.perf_counter()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=ROOT)
    os.close(slave)
    written = b""
    try:
        while sign not in written:
            if not select.select([master], [], [], PATIENCE_SECONDS)[0]:
                raise RuntimeError(f"{command} drew nothing")
            written += os.read(master, 1 << 16)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
        os.close(master)


def figures(rounds: int) -> list[Figure]:
    """Ratios to the least that can be."""
    found = []
    bare_command = [*PYTHON, "-c", "import argparse"]
    for word in ("--version", "--help"):
        run([*CARTUI, word])  # compiles what is not compiled yet
        bare, ours = by_turns(rounds, lambda: run(bare_command), lambda word=word: run([*CARTUI, word]))  # type: ignore[misc]
        ratio = median(ours).cpu / median(bare).cpu
        found.append(Figure(f"{word} / import argparse, CPU", ratio, 2, f"{spread(ours)}; floor {spread(bare)}"))
    with tempfile.TemporaryDirectory() as place:
        minimal, home = Path(place, "minimal.py"), Path(place, "home")
        minimal.write_text(MINIMAL)
        times: dict[str, list[float]] = {"minimal": [], "cartui": []}
        for turn in range(rounds + 1):
            seconds = {
                "minimal": first_picture([sys.executable, str(minimal)], b"Quit", home),
                "cartui": first_picture(CARTUI, b"Shopping Carts", home),
            }
            for name in times if turn else ():  # the first turn compiles
                times[name].append(seconds[name])
    ours, least = statistics.median(times["cartui"]), statistics.median(times["minimal"])
    detail = f"{ours:.2f} s; minimal {least:.2f} s"
    return [*found, Figure("first picture / minimal Textual app, seconds", ours / least, 2, detail)]


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=5)
    for figure in figures(words.parse_args().rounds):
        print(figure.line)
