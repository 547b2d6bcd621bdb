"""A network together with what is needed to show stimuli to it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from repsim_core.errors import ShapeError
from repsim_core.types import ModelCard, digest

_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601


def weights_digest(module: nn.Module) -> str:
    """Digest of every parameter and buffer: name, shape, dtype and bytes."""
    parts: list[bytes | str] = []
    for name, value in module.state_dict().items():
        array = value.detach().cpu().contiguous()
        raw = array.reshape(-1).view(torch.uint8).numpy().tobytes()
        parts += [name, str(array.dtype), str(tuple(array.shape)), raw]
    return digest(*parts)


@dataclass(frozen=True, eq=False)
class Model:
    """A network in evaluation mode and the inputs it takes.

    ``input_shape`` is ``(channels, height, width)`` for pictures and ``(features,)`` otherwise; ``mean`` and ``std``
    (one value per channel) normalise pictures, or are empty. ``weights_digest`` changes with any bit of any weight.

    ``resize`` is the shorter side that the weights' own transforms give to a picture before they crop its middle, 0
    where nothing is cropped. Pictures smaller than the input are enlarged whole: a crop would cut what they show.
    """

    name: str
    module: nn.Module
    card: ModelCard | None
    input_shape: tuple[int, ...]
    weights_digest: str
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resize: int = 0
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"

    def conversions(self, dataset_input_shape: tuple[int, ...]) -> tuple[str, ...]:
        """What :meth:`prepare` does to stimuli of this shape, one sentence for each step.

        Raises
        ------
        ShapeError
            If no conversion leads from this shape to that of the model.
        """
        given, wanted = tuple(dataset_input_shape), self.input_shape
        if given != wanted and not (len(given) == len(wanted) == 3 and {given[0], wanted[0]} <= {1, 3}):
            kind = "pictures" if len(wanted) == 3 else f"vectors of {wanted[0]} numbers"
            raise ShapeError(
                f"{self.name} takes inputs of shape {wanted}, but these stimuli have shape {given}; "
                f"choose a dataset of {kind}, or a model made for {given}."
            )
        steps = []
        if len(wanted) == 3:
            if given[0] < wanted[0]:
                steps.append("Grey values are repeated in three colour channels.")
            elif given[0] > wanted[0]:
                steps.append("Colours are reduced to their luminance.")
            if self._cropped(given):
                steps.append(
                    f"The shorter side is resized from {min(given[1:])} to {self.resize} ({self.interpolation}), "
                    f"and the middle {wanted[1]}×{wanted[2]} is kept, as the weights' own transforms do."
                )
            elif given[1:] != wanted[1:]:
                verb = "enlarged" if given[1] * given[2] < wanted[1] * wanted[2] else "reduced"
                steps.append(f"Inputs are {verb} from {given[1]}×{given[2]} to {wanted[1]}×{wanted[2]}.")
        if self.mean:
            mean, std = (", ".join(f"{one:g}" for one in values) for values in (self.mean, self.std))
            steps.append(f"Pixels are normalised by mean {mean} and standard deviation {std}.")
        return tuple(steps)

    def _cropped(self, given: tuple[int, ...]) -> bool:
        """Whether stimuli of this shape are resized and cropped rather than interpolated whole."""
        return bool(self.resize) and given[1:] != self.input_shape[1:] and min(given[1:]) >= max(self.input_shape[1:])

    def prepare(self, inputs: NDArray[Any] | Tensor) -> Tensor:
        """A batch of stimuli as the network takes it, float32.

        Parameters
        ----------
        inputs : (n, channels, height, width) or (n, features)
            Pictures in [0, 1]. Grey becomes RGB by repetition and RGB grey by luminance, other sizes are interpolated
            (antialiased; cropped where :meth:`conversions` says so), then mean and deviation are applied.

        Raises
        ------
        ShapeError
            If no conversion leads from this shape to that of the model.
        """
        batch = inputs if isinstance(inputs, Tensor) else torch.from_numpy(np.array(inputs, dtype=np.float32))
        batch = batch.to(torch.float32)
        self.conversions(tuple(batch.shape[1:]))
        if len(self.input_shape) == 3:
            channels, size = self.input_shape[0], self.input_shape[1:]
            if batch.shape[1] < channels:
                batch = batch.expand(-1, channels, -1, -1)
            elif batch.shape[1] > channels:
                batch = (batch * batch.new_tensor(_LUMINANCE).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
            if self._cropped(tuple(batch.shape[1:])):
                batch = _middle(self._resized(batch, _scaled(tuple(batch.shape[2:]), self.resize)), size)
            elif tuple(batch.shape[2:]) != size:
                batch = self._resized(batch, size)
        if self.mean:
            mean, std = (batch.new_tensor(values).view(1, -1, 1, 1) for values in (self.mean, self.std))
            batch = (batch - mean) / std
        return batch

    def _resized(self, batch: Tensor, size: tuple[int, ...]) -> Tensor:
        """Antialiased interpolation, held within [0, 1] as pictures of whole grey values are."""
        resized = functional.interpolate(batch, size=size, mode=self.interpolation, align_corners=False, antialias=True)
        return resized.clamp(0, 1) if self.interpolation == "bicubic" else resized


def _scaled(size: tuple[int, ...], shorter: int) -> tuple[int, int]:
    """Height and width whose shorter side is ``shorter``, the longer one rounded down as torchvision does."""
    least = min(size)
    return int(shorter * size[0] / least), int(shorter * size[1] / least)


def _middle(batch: Tensor, size: tuple[int, ...]) -> Tensor:
    """The middle of the pictures, as torchvision's ``center_crop`` cuts it."""
    top, left = (round((batch.shape[2 + axis] - size[axis]) / 2.0) for axis in (0, 1))
    return batch[:, :, top : top + size[0], left : left + size[1]]
