"""Run every benchmark and write the table in ``benchmarks/README.md``: ``python -m benchmarks [name ...]``."""

import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

README = Path(__file__).parent / "README.md"
BENCHMARKS = ("layer_matrix", "torch_cka_peer", "rtd_engines", "dashboard")
PACKAGES = ("torch", "numpy", "numba", "gudhi", "streamlit", "plotly")
START, END = "<!-- table: written by python -m benchmarks -->", "<!-- end of table -->"


def main(names: list[str]) -> int:
    """0 if every figure was reached."""
    rows = []
    for name in names or BENCHMARKS:
        found = import_module(f"benchmarks.{name}").rows()
        rows += found
        for row in found:
            print(f"{'ok  ' if row.met else 'MISS'} {row.question}: {row.measured} (wanted {row.target})", flush=True)
    if not names:
        lines = ["| question | to reach | measured | |", "|---|---|---|---|"]
        lines += [f"| {r.question} | {r.target} | {r.measured} | {'met' if r.met else '**missed**'} |" for r in rows]
        packages = ", ".join(
            f"{one} {version(one)}" for one in ("torch", "numpy", "numba", "gudhi", "streamlit", "plotly")
        )
        lines += ["", f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {packages}."]
        before, _, rest = README.read_text().partition(START)
        README.write_text(before + "\n".join([START, *lines]) + "\n" + END + rest.partition(END)[2])
    return int(not all(row.met for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
