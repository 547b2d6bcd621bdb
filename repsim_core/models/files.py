"""A network from a file, whatever kind of file it is."""

from pathlib import Path

from repsim_core import formats
from repsim_core.errors import FormatError
from repsim_core.models.model import Model


def from_file(
    path: str | Path,
    architecture: str | None = None,
    *,
    side: int | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> Model:
    """A network from a file of weights, of a graph or of its responses; which it is, its content tells.

    Parameters
    ----------
    path
        ``.safetensors`` or a ``.pt`` of ``torch.save(model.state_dict(), ...)``: weights for a known architecture; or
        ``.pt2`` of ``torch.export.save``: a whole graph; or responses recorded elsewhere (``.npz``, ``.npy``,
        ``.safetensors`` whose tensors all have one row a stimulus), which make a :class:`Recorded`.
    architecture : str, optional
        For weights: "torchvision/resnet18", "zoo/digits-cnn-s10", "timm/vit_tiny_patch16_224". Without it the
        architecture that the file names (safetensors metadata, "arch" of a checkpoint), or the only one that it fits.
    side, mean, std
        For weights: the pictures they were trained on, where those are not the usual ones of the architecture: their
        side in pixels, and the mean and deviation of each channel (empty: no normalisation).

    Returns
    -------
    Model
        In evaluation mode, named after the file; ``card.details["notes"]`` says what was adapted.

    Raises
    ------
    FormatError
        If the file is of another kind, is not well made, holds numbers that are not finite, or does not fit; the
        message says which tensors differ and which architecture comes nearest.
    BudgetError
        If it is beyond a limit of :mod:`repsim_core.limits`.
    UnknownNameError
        If there is no such architecture.

    Notes
    -----
    Nothing in the file is run, and a pickle is read only as far as plain tensors go. Libraries that decode foreign
    files have had faults all the same: what comes from somebody else belongs into a process without rights, as the
    dashboard does it.
    """
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"There is no file {formats.shown_name(path.name)} there; check the path.")
    found = formats.kind(path)
    if found == "pt2":
        from repsim_core.models.graph import from_graph_file

        return from_graph_file(path)
    if found in ("npz", "npy") or (found == "safetensors" and not architecture and formats.holds_responses(path)):
        from repsim_core.models.recorded import recorded

        return recorded(path)
    from repsim_core.models.weights_file import weights_from_file

    return weights_from_file(path, architecture, side=side, mean=mean, std=std)
