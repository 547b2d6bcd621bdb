"""The commands of the command line: each module adds its parsers to the list and runs what they choose."""

from repsim_core.commands import compare, export, labs, layers, listing

PARTS = (listing, layers, compare, export, labs)  # in the order of `repsim --help`
