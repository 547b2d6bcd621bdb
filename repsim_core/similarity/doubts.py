"""Doubts about the stimuli of a comparison, whatever the measure: some came twice, or a few decide a layer."""

from repsim_core.errors import DegenerateError
from repsim_core.inference import duplicated_rows, outlying_rows
from repsim_core.types import LayerActivations


def doubts_about_stimuli(a: LayerActivations, b: LayerActivations) -> tuple[str, ...]:
    """Sentences to stand beside every score of two networks, none if there is nothing to say; O(n p) a layer.

    Layers that do not vary have a reason of their own in the matrix, and are passed over here.
    """
    sides = [a] if b is a else [a, b]
    said = []
    if repeated := duplicated_rows(*(one.values for side in sides for one in side.values())).sentence:
        said.append(repeated)
    decided = []
    for side in sides:
        for name, one in side.items():
            try:
                found = outlying_rows(one.values, label=f"{side.model}/{name}")
            except DegenerateError:
                continue
            if len(found):
                stimulus = one.stimuli[int(found.rows[0])]
                decided.append(f"{side.model}/{name} ({stimulus} holds {found.shares[0]:.0%} of its variance)")
    if decided:
        more = f" and {len(decided) - 1} other layers" if len(decided) > 1 else ""
        said.append(
            f"Few stimuli decide {decided[0]}{more}: compare again without them, or take a measure of ranks (rsa)."
        )
    return tuple(said)
