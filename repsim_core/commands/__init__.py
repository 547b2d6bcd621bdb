"""The commands of the command line: each module adds its parsers to the list and runs what they choose."""

from repsim_core.commands import compare, layers, listing

PARTS = (listing, layers, compare)  # in the order of `repsim --help`
