"""The command line; the commands themselves are in :mod:`repsim_core.commands`."""

import argparse
import sys
from collections.abc import Sequence

from repsim_core import __version__
from repsim_core.commands import PARTS
from repsim_core.errors import RepsimError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when done, 2 with one line on standard error when the input has to change."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except RepsimError as error:
        print(f"repsim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("repsim: stopped, nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough, as `head` has
        sys.stdout = None
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="repsim", description="Compare what two neural networks represent, layer by layer."
    )
    parser.add_argument("--version", action="version", version=f"repsim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in PARTS:
        part.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
