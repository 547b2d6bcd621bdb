"""Run benchmarks and write their tables in ``benchmarks/README.md``: ``python -m benchmarks [name ...]``."""

import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from benchmarks.measurement import Row

README = Path(__file__).parent / "README.md"
BENCHMARKS = (
    "layer_matrix",
    "cka_peers",
    "rtd_engines",
    "rtd_matrix",
    "alignment",
    "rips",
    "measures",
    "streaming",
    "ablation",
    "dashboard",
    "labs",
)
PACKAGES = ("torch", "numpy", "numba", "gudhi", "streamlit", "plotly")


def main(names: list[str]) -> int:
    """0 if every figure was reached."""
    met = True
    for name in names or BENCHMARKS:
        rows: list[Row] = []
        for row in import_module(f"benchmarks.{name}").rows():
            rows.append(row)
            print(f"{'ok  ' if row.met else 'MISS'} {row.question}: {row.measured} (wanted {row.target})", flush=True)
            write(name, rows)  # what is measured is kept, whatever becomes of the rest
        met &= all(row.met for row in rows)
    return int(not met)


def write(name: str, rows: list[Row]) -> None:
    """The table of one benchmark, between its two marks."""
    lines = ["| question | to reach | measured | |", "|---|---|---|---|"]
    lines += [f"| {r.question} | {r.target} | {r.measured} | {'met' if r.met else '**missed**'} |" for r in rows]
    packages = ", ".join(f"{one} {version(one)}" for one in PACKAGES)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {packages}."
    start, end = (f"<!-- {edge} of {name}, written by the command -->" for edge in ("start", "end"))
    before, _, rest = README.read_text().partition(start)
    README.write_text(before + "\n".join([start, *lines, "", machine, end]) + rest.partition(end)[2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
