"""A model of which only the responses are there: somebody recorded them elsewhere and brought the file."""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from torch import nn

from repsim_core.errors import InputError, StimulusMismatchError
from repsim_core.formats import Responses, recorded_responses, shown_name
from repsim_core.models.model import Model
from repsim_core.types import Dataset, LayerInfo, ModelCard, digest

KIND = "recorded"  # of its layers: their modules are unknown


class Recorded(Model):
    """Responses of a network that is not here, found by the ids of their stimuli.

    What compares responses works as with any :class:`Model`; what has to run the network raises :class:`InputError`
    with the reason. ``responses`` hold the layers, the labels of the stimuli and the notes of the reader.
    """

    responses: Responses

    def __init__(self, name: str, responses: Responses, title: str = "") -> None:
        layers, title = responses.layers, title or name
        card = ModelCard(
            name,
            family="recorded",
            architecture="recorded responses",
            dataset=name,
            input_shape=(0,),
            parameters=0,
            description=f"{title}: {len(layers)} layers recorded on {len(responses.stimuli)} stimuli",
            details={"notes": list(responses.notes)},
        )
        each = [digest(layer, str(one.dtype), str(one.shape), one.tobytes()) for layer, one in layers.items()]
        content = digest(*responses.stimuli, *each)
        given = {"name": name, "card": card, "input_shape": (0,), "weights_digest": content, "mean": (), "std": ()}
        for field, value in (given | {"responses": responses}).items():
            object.__setattr__(self, field, value)

    @property
    def module(self) -> nn.Module:
        """There is none."""
        self._refuse()

    def conversions(self, dataset_input_shape: tuple[int, ...]) -> tuple[str, ...]:
        """None: no stimulus is shown to it."""
        return ()

    def prepare(self, inputs: Any) -> NoReturn:
        """There is nothing to prepare stimuli for."""
        self._refuse()

    def layers(self) -> list[LayerInfo]:
        """All layers, in the order of the file; their parameters are unknown and given as 0."""
        return layer_infos(self.responses)

    def rows_of(self, dataset: Dataset) -> NDArray[np.intp]:
        """Row of each stimulus of a dataset among the recorded ones.

        Raises
        ------
        StimulusMismatchError
            If some of them were not recorded.
        """
        place = {one: row for row, one in enumerate(self.responses.stimuli)}
        missing = [one for one in dataset.stimuli if one not in place]
        if missing:
            reason = "" if self.responses.has_ids else " It has no ids, so its rows only fit files of as many rows."
            raise StimulusMismatchError(
                f"{self.name} holds responses to {len(place)} stimuli; {len(missing)} of the {len(dataset)} of "
                f"{dataset.name} are not among them, the first {shown_name(missing[0])!r}.{reason} "
                f"Choose {self.name} as the dataset too, or save the ids of the stimuli in the file as `ids`."
            )
        return np.array([place[one] for one in dataset.stimuli], dtype=np.intp)

    def _refuse(self) -> NoReturn:
        raise InputError(
            f"{self.name} is a file of recorded responses: the network itself is not here, so it cannot be run, "
            "ablated or probed. Bring its weights or its graph for that."
        )


def layer_infos(responses: Responses) -> list[LayerInfo]:
    """What is known of recorded layers."""
    found = responses.layers.items()
    return [LayerInfo(name, KIND, one.shape[1:] or (1,), 0, one.dtype.itemsize) for name, one in found]


def recorded(path: str | Path, name: str = "", title: str = "", *, drop_rows: bool = False) -> Recorded:
    """Model of a file of responses, named as the file unless told otherwise.

    Raises
    ------
    FormatError, BudgetError
        As :func:`repsim_core.formats.recorded_responses`.
    """
    shown = shown_name(Path(path).stem)
    return Recorded(name or shown, recorded_responses(path, drop_rows=drop_rows), title or shown)
