"""Vision networks in Hugging Face's form, where transformers is installed.

A name is "huggingface/<folder>" for a folder (``config.json`` and ``model.safetensors``) in ``$REPSIM_HUGGINGFACE``, or
"huggingface/<owner>/<name>" for what lies in Hugging Face's own cache. Nothing is downloaded, no code of a repository
is run, and only safetensors are read.
"""

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repsim_core.errors import FormatError, InputError, unknown_name
from repsim_core.types import ModelCard

if TYPE_CHECKING:
    from repsim_core.models.model import Model

PREFIX = "huggingface/"
CONFIG = "config.json"
ENVIRONMENT = "REPSIM_HUGGINGFACE"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_SIDE = 224


def installed() -> bool:
    """Whether transformers is installed; it is not imported."""
    return find_spec("transformers") is not None


def folders() -> dict[str, Path]:
    """Folders of networks by full name: those of ``$REPSIM_HUGGINGFACE``, then those in Hugging Face's cache."""
    if not installed():
        return {}
    found: dict[str, Path] = {}
    chosen = os.environ.get(ENVIRONMENT)
    if chosen and Path(chosen).is_dir():
        for folder in sorted(Path(chosen).iterdir()):
            if _NAME.fullmatch(folder.name) and (folder / CONFIG).is_file():
                found[PREFIX + folder.name] = folder
    for folder in sorted(_cache().glob("models--*--*")):
        owner, _, name = folder.name.removeprefix("models--").partition("--")
        head = folder / "refs" / "main"
        snapshot = folder / "snapshots" / head.read_text().strip() if head.is_file() else folder
        if (snapshot / CONFIG).is_file() and (snapshot / "model.safetensors").is_file() and owner != "timm":
            found.setdefault(f"{PREFIX}{owner}/{name}", snapshot)
    return found


def cards() -> list[ModelCard]:
    """A card for every network found. Its parameters are not known before it is built: 0."""
    found = []
    for name, folder in folders().items():
        config = _config(name, folder)
        kind = (config.get("architectures") or [config.get("model_type", "network")])[0]
        description = f"{kind} of Hugging Face, from {name.removeprefix(PREFIX)}"
        found.append(ModelCard(name, "huggingface", str(kind), "", _input_shape(config), 0, description))
    return found


def load_hugging_face(name: str, weights: str | None = "DEFAULT", *, seed: int = 0) -> "Model":
    """A network by its full name, with the weights of its folder or, with None, random ones of its configuration.

    Raises
    ------
    UnknownNameError
        If there is no such folder.
    InputError
        If transformers is not installed, or the network does not take pictures.
    FormatError
        If the folder does not hold what its configuration says.
    """
    if not installed():
        raise InputError(
            f"{name} needs transformers, which is not installed; pip install 'repsim-dashboard[transformers]'."
        )
    from repsim_core.models.architectures import seeded
    from repsim_core.models.model import Model, weights_digest

    if weights not in ("DEFAULT", None):
        raise InputError(f'{name} has weights "DEFAULT" (of its folder) or None (random), not {weights!r}.')
    known = folders()
    if name not in known:
        if not known:
            raise InputError(
                f"{name} is not here: no folder with {CONFIG} in ${ENVIRONMENT}, and nothing in Hugging Face's cache; "
                "put the network's folder there."
            )
        raise unknown_name("network of Hugging Face", name, known)
    folder = known[name]
    described = _config(name, folder)
    module = seeded(lambda: _network(name, folder, described, weights is not None), seed)
    if getattr(module, "main_input_name", "pixel_values") != "pixel_values":
        raise InputError(
            f"{name} takes {module.main_input_name}, not pictures; choose a vision network (ViT, Swin, ConvNeXt, ...)."
        )
    mean, std, resize, bicubic = _transforms(folder) if weights else ((), (), 0, False)
    kind = type(module).__name__
    card = ModelCard(
        name=name,
        family="huggingface",
        architecture=kind,
        dataset="",
        input_shape=_input_shape(described),
        parameters=sum(value.numel() for value in module.parameters()),
        description=f"{kind} of Hugging Face, " + ("its own weights" if weights else f"random weights of seed {seed}"),
        seed=None if weights else seed,
    )
    return Model(
        name, module.eval(), card, card.input_shape, weights_digest(module), mean, std, resize,
        "bicubic" if bicubic else "bilinear",
    )  # fmt: skip


def _cache() -> Path:
    """Where Hugging Face keeps what it has downloaded, by its own rule."""
    home = os.environ.get("HF_HOME", os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", os.path.join(home, "hub"))).expanduser()


def _config(name: str, folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no object")
    except (OSError, ValueError) as error:
        raise FormatError(f"{name}: its {CONFIG} cannot be read ({error}); save the network again.") from error
    return found


def _input_shape(config: dict[str, Any]) -> tuple[int, int, int]:
    side = config.get("image_size", _SIDE)
    height, width = side if isinstance(side, list) else (side, side)
    return (int(config.get("num_channels", 3)), int(height), int(width))


def _network(name: str, folder: Path, described: dict[str, Any], trained: bool) -> Any:
    """What transformers builds: a classifier if the configuration says so, otherwise the bare network."""
    import transformers
    from safetensors import SafetensorError

    kinds = described.get("architectures") or [""]
    classifies = str(kinds[0]).endswith("ForImageClassification")
    maker: Any = transformers.AutoModelForImageClassification if classifies else transformers.AutoModel
    try:
        if trained:
            return maker.from_pretrained(folder, local_files_only=True, use_safetensors=True, trust_remote_code=False)
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        return maker.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise FormatError(f"{name} cannot be built from its folder ({reason}); save the network again.") from error


def _transforms(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...], int, bool]:
    """Mean, deviation, shorter side before the crop (0: none) and whether bicubic, of ``preprocessor_config.json``."""
    path = folder / "preprocessor_config.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    normalised = found.get("do_normalize", True) and "image_mean" in found
    mean, std = (tuple(found[one]) if normalised else () for one in ("image_mean", "image_std"))
    shorter = found.get("size", {}).get("shortest_edge", 0) if isinstance(found.get("size"), dict) else 0
    return mean, std, int(shorter) if found.get("do_center_crop") else 0, found.get("resample") == 3
