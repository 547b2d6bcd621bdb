"""``repsim labs``: the verdicts on the papers' claims, one claim run again, or all of them with their records."""

import argparse
from pathlib import Path

from repsim_core.commands.terminal import Bar, remark, say
from repsim_core.errors import InputError

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- verdicts: begin, written by `repsim labs --all` -->\n", "<!-- verdicts: end -->"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``labs``."""
    parser = commands.add_parser("labs", help="the papers' claims, measured on what ships")
    parser.add_argument("claims", metavar="CLAIM", nargs="*", help="run these again, such as K1 (default: list all)")
    parser.add_argument("--all", action="store_true", help="run every claim, write its record and the README's table")
    parser.add_argument("--record", action="store_true", help="write the records of the claims that are run")
    parser.add_argument("--table", action="store_true", help="write the README's table from the records alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """List the verdicts, or run claims and print their tables."""
    from repsim_core.claims import claim_named, claims, recorded_findings, write_record

    if options.all and options.claims:
        raise InputError("--all runs every claim; leave the names out, or leave --all out.")
    if options.record and not (options.all or options.claims):
        raise InputError("--record writes what was run; name a claim, such as `repsim labs K1 --record`.")
    names = list(claims()) if options.all else options.claims
    if options.table and not names:
        write_table(README)
        return
    if not names:
        for id, found in recorded_findings().items():
            say(f"{id:4} {found.verdict:14} {claim_named(id).statement}")
        return
    bar = Bar()
    for claim in [claim_named(one) for one in names]:
        bar.title = claim.id
        found = claim.run(progress=bar)
        say(f"{claim.id}: {found.verdict}. {claim.statement}.")
        if found.by_data:
            say(found.to_frame().to_csv(index=False), end="")
        if found.note:
            say(found.note)
        if options.all or options.record:
            remark(f"wrote {write_record(found).name}")
    if options.all or options.record:
        write_table(README)


def write_table(readme: Path) -> None:
    """Put the table of verdicts between its two marks in a Markdown file; nothing where the file is not there."""
    from repsim_core.claims import verdict_table

    if not readme.is_file():
        remark(f"There is no {readme.name} here: the table was not written.")
        return
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise InputError(f"{readme.name} needs the two lines {BEGIN.strip()!r} and {END!r}, in this order, once each.")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    readme.write_text(head + BEGIN + verdict_table() + END + tail, encoding="utf-8")
    remark(f"wrote the table of {readme.name}")
