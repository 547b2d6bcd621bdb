"""Train the zoo from its seeds. What the manifest already has, with the right checksum, is skipped.

python scripts/train_zoo.py                        all that ships
python scripts/train_zoo.py digits-cnn-s13         the run that makes this member
python scripts/train_zoo.py --only 'low-mlp-*'     runs by pattern
python scripts/train_zoo.py --list
python scripts/train_zoo.py --out ~/.cache/repsim/zoo --extra     what does not ship, too, in a folder of one's own
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import safetensors.torch
from zoo_members import RUNS, Run
from zoo_training import State, arguments, halves, normalisation, score, target_scale, to_bytes, trained

from repsim_core.errors import FormatError, unknown_name
from repsim_core.models import Model
from repsim_core.models.architectures import build
from repsim_core.models.zoo import FOLDER, MANIFEST, Entry, checked_bytes, read_manifest

Made = tuple[dict[str, Any], bytes]  # line of the manifest, content of the file
BY_MEMBER = {member: run for run in RUNS for member in run.members.values()}


def done(folder: Path) -> dict[str, Entry]:
    """Members in the folder whose file is the one in the manifest."""
    sound = {}
    for entry in read_manifest(folder):
        try:
            checked_bytes(entry)
        except FormatError:
            continue
        sound[entry.fields["name"]] = entry
    return sound


def hyperparameters(run: Run) -> dict[str, Any]:
    """All that the optimiser and the batches depend on."""
    return {
        "rate": run.rate,
        "decay": run.decay,
        "momentum": 0.9 if run.optimiser == "sgd" else 0.0,
        "batch": run.batch,
        "schedule": run.schedule,
        "cycle": run.cycle,
        "warmup": run.warmup,
        "clip": run.clip,
        "shift": run.shift,
    }


def entry_of(run: Run, epoch: int, name: str, state: State) -> Made:
    """Line of the manifest, and the file."""
    raw = to_bytes(state)
    net = build(run.architecture, **arguments(run))
    net.load_state_dict(state)
    net.eval()
    train, test = halves(run)
    mean, std = normalisation(run)
    model = Model(name, net, None, train.card.input_shape, "", mean, std)
    fields: dict[str, Any] = {
        "name": name,
        "family": "checkpoints" if epoch != run.epochs and run.family == "cnn" else run.family,
        "architecture": run.architecture,
        "arguments": arguments(run),
        "dataset": run.dataset,
        "classes": train.card.classes,
        "description": run.description if epoch == run.epochs else f"{run.description}, after epoch {epoch}",
        "run": run.name,
        "seed": run.seed,
        "epochs": epoch,
        "epochs_of_run": run.epochs,
        "optimiser": run.optimiser,
        "hyperparameters": hyperparameters(run),
        "start": run.start,
        "mean": mean,
        "std": std,
        "score_name": "R2" if train.card.task == "regression" else "accuracy",
        "train_split": train.split,
        "test_split": test.split,
        "train_score": score(run, model, train),
        "test_score": score(run, model, test),
        "parameters": sum(value.numel() for value in net.parameters()),
        "file": f"{name}.safetensors",
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }
    if train.card.task == "regression":
        fields["target_mean"], fields["target_deviation"] = target_scale(run)
    return fields, raw


def train(run: Run, start: State | None) -> list[Made]:
    """All members of a run; the work of one process."""
    return [entry_of(run, epoch, run.members[epoch], state) for epoch, state in trained(run, start)]


def write(folder: Path, made: list[Made]) -> None:
    """Add files and then their lines; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {entry.fields["name"]: dict(entry.fields) for entry in read_manifest(folder)}
    for fields, raw in made:
        _replace(folder / fields["file"], raw)
        lines[fields["name"]] = fields
    order = {name: place for place, name in enumerate(BY_MEMBER)}
    members = sorted(lines.values(), key=lambda one: (order.get(one["name"], len(order)), one["name"]))
    _replace(folder / MANIFEST, (json.dumps({"members": members}, indent=1) + "\n").encode())


def _replace(path: Path, raw: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_bytes(raw)
    partial.replace(path)


def chosen(options: argparse.Namespace) -> list[Run]:
    """Runs that the command line asks for, in the order of the table."""
    for name in options.members:
        if name not in BY_MEMBER:
            raise unknown_name("member", name, BY_MEMBER)
    runs = []
    for run in RUNS:
        named = any(member in options.members for member in run.members.values())
        matched = options.only is not None and any(fnmatch(member, options.only) for member in run.members.values())
        if named or matched or (not options.members and options.only is None and (run.ships or options.extra)):
            runs.append(run)
    return runs


def parse(arguments_given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("members", nargs="*", help="members to train; none: all that ship")
    parser.add_argument("--only", metavar="GLOB", help="train the runs with a member of such a name")
    parser.add_argument("--extra", action="store_true", help="also what does not ship")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the manifest and the files")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each on one thread")
    parser.add_argument("--list", action="store_true", help="list members and where they stand, train nothing")
    return parser.parse_args(arguments_given)


def main(arguments_given: list[str] | None = None) -> None:
    """Train what is asked for and not there yet."""
    options = parse(arguments_given)
    sound = done(options.out)
    if options.list:
        for name, run in BY_MEMBER.items():
            reached = f"{sound[name].fields['test_score']:.4f}" if name in sound else "not trained"
            print(f"{name:32} {run.dataset:20} {'' if run.ships else 'local ':6}{reached}")
        return
    waiting = [run for run in chosen(options) if not all(name in sound for name in run.members.values())]
    needed = {run.start for run in waiting if run.start and run.start not in sound} - {run.name for run in waiting}
    waiting = [BY_MEMBER[name] for name in sorted(needed)] + waiting
    began = time.monotonic()
    for batch in ([run for run in waiting if not run.start], [run for run in waiting if run.start]):
        for made in results([(run, _start(options.out, run)) for run in batch], options.jobs):
            write(options.out, made)
            for fields, _ in made:
                print(
                    f"{time.monotonic() - began:7.0f} s  {fields['name']:32} train {fields['train_score']:.4f}  "
                    f"test {fields['test_score']:.4f}  {fields['bytes']} bytes",
                    flush=True,
                )


def results(work: list[tuple[Run, State | None]], jobs: int) -> Iterator[list[Made]]:
    """Members of each run as it ends; several at a time run in processes of their own."""
    if jobs == 1 or len(work) < 2:
        yield from (train(run, start) for run, start in work)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for job in as_completed([pool.submit(train, run, start) for run, start in work]):
            yield job.result()


def _start(folder: Path, run: Run) -> State | None:
    if not run.start:
        return None
    entry = next(one for one in read_manifest(folder) if one.fields["name"] == run.start)
    return dict(safetensors.torch.load(checked_bytes(entry)))


if __name__ == "__main__":
    main()
