"""Write what the alignment of the shipped networks is: ``python scripts/record_alignment.py``, some minutes."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd

from repsim_core import datasets, models
from repsim_core.experiments.alignment import family_areas, transfer
from repsim_core.experiments.recorded_alignment import FILE, TRANSFERS
from repsim_core.models.zoo import FOLDER
from repsim_core.types import ModelCard

DIGITS = 6  # after the point: other machines agree to about as many


def trained_mlps() -> list[ModelCard]:
    """Every fully connected network that ships and was trained."""
    shipped = {one["name"] for one in json.loads((FOLDER / "manifest.json").read_text())["members"]}
    cards = [card for card in models.available() if card.architecture == "mlp" and card.epochs]
    return [card for card in cards if card.name.removeprefix("zoo/") in shipped]


def main() -> None:
    """The whole file anew."""
    families = family_areas(trained_mlps(), progress=_said("networks")).frame
    tables = []
    for source, name, tasks in TRANSFERS:
        for form in ("published", "centred"):
            found = transfer(source, datasets.load(name), list(tasks), form=form, progress=_said(f"{source} {form}"))
            table = found.frame.assign(source=source, dataset=name, form=form, n=found.recipe["n"])
            tables.append(table.assign(relation=[tasks[one] for one in table["task"]]))
    transfers = pd.concat(tables, ignore_index=True)
    content = {
        name: json.loads(frame.round(DIGITS).to_json(orient="records"))
        for name, frame in (("families", families), ("transfers", transfers))
    }
    lines = [
        f' "{name}": [\n' + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n ]"
        for name, rows in content.items()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _said(what: str):
    def say(done: int, total: int) -> None:
        print(f"\r{what}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    main()
