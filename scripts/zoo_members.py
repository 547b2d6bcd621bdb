"""The networks of the zoo as data: one training run a line, and which members each run leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Run:
    """One training, from a seed or from the final weights of another run.

    ``keep`` names the members saved after an epoch (0: before the first); the end of the run is always ``name``, unless
    ``keep`` has a name for it.
    """

    name: str
    family: str
    architecture: str
    dataset: str
    description: str
    seed: int = 10
    arguments: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 40
    optimiser: Literal["adam", "sgd", "rmsprop"] = "adam"
    rate: float = 3e-3
    decay: float = 1e-4
    batch: int = 64
    warmup: int = 0  # epochs of linear growth
    schedule: Literal["cosine", "constant", "cyclic"] = "cosine"
    cycle: int = 0  # epochs in one cycle of the cyclic schedule
    clip: float = 0.0  # largest norm of the gradient; 0: no limit
    shift: int = 0  # pixels, to each side, drawn for every picture
    normalised: bool = False  # pixels to [-1, 1]
    start: str = ""  # the run whose final weights it starts from, but for the head
    keep: Mapping[int, str] = field(default_factory=dict)
    ships: bool = True

    @property
    def members(self) -> dict[int, str]:
        """Epoch → name of the member saved after it."""
        return {self.epochs: self.name} | dict(self.keep)


def _cnn(name: str, seed: int, **more: Any) -> Run:
    settings: dict[str, Any] = {"family": "cnn", "description": "Five convolutions, seed study", "shift": 1} | more
    settings.setdefault("dataset", "digits")
    return Run(name=name, architecture="cnn", seed=seed, **settings)


_EPOCHS = (0, 1, 2, 3, 4, 6, 9, 14, 20)
CORE = [
    _cnn("digits-cnn-s10", 10, keep={epoch: f"digits-cnn-s10-epoch{epoch:02d}" for epoch in _EPOCHS}),
    *(_cnn(f"digits-cnn-s{seed}", seed) for seed in range(11, 20)),
]
TINY = [
    Run(
        f"digits-tiny10-s{seed}",
        "tiny10",
        "tiny10",
        "digits",
        "Eight convolutions after Tiny-10 of Kornblith et al. (2019)",
        seed,
        shift=1,
    )
    for seed in range(10, 14)
]

_SIZES: dict[tuple[str, str], dict[str, Any]] = {
    ("resnet", "small"): {},
    ("resnet", "large"): {"repeats": 2},
    ("vgg", "small"): {},
    ("vgg", "large"): {"widths": (16, 32, 64)},
    ("mobilenet", "small"): {},
    ("mobilenet", "large"): {"widths": (16, 24, 32, 48), "repeats": 2},
    ("vit", "small"): {"width": 40},
    ("vit", "large"): {"width": 48, "depth": 4},
}
_FAMILY_NAMES = {"resnet": "Residual network", "vgg": "VGG", "mobilenet": "MobileNet", "vit": "Vision transformer"}


def _family(architecture: str, size: str, seed: int) -> Run:
    vit = architecture == "vit"
    return Run(
        f"digits-{architecture}-{size}-s{seed}",
        architecture,
        architecture,
        "digits",
        f"{_FAMILY_NAMES[architecture]}, {size}",
        seed,
        _SIZES[architecture, size],
        epochs={"vit": 250, "mobilenet": 80}.get(architecture, 40),
        rate=2e-3 if vit else 3e-3,
        decay=0.0 if vit else 1e-4,
        warmup=10 if vit else 0,
        clip=1.0 if vit else 0.0,
        shift=1,
        ships=not (vit and seed == 11),
    )


FAMILIES = [
    *(_family(architecture, size, 10) for architecture, size in _SIZES),
    *(_family(architecture, "small", 11) for architecture in _FAMILY_NAMES),
]


def _deep(architecture: str, repeats: int, seed: int, **more: Any) -> Run:
    way = "no way around a layer" if architecture == "plain" else "with skips"
    return Run(
        f"digits-{architecture}-x{repeats}-s{seed}",
        architecture,
        architecture,
        "digits",
        f"Depth study: each layer {repeats} times, {way}",
        seed,
        {"repeats": repeats},
        epochs=250 if repeats == 8 else 120,
        optimiser="sgd",
        rate=0.05,
        warmup=30 if repeats == 8 else 10,
        clip=1.0,
        shift=1,
        **more,
    )


DEPTH = [_deep("plain", repeats, seed) for repeats in (1, 2, 4, 8) for seed in (10, 11)]
DEPTH += [_deep("skip", repeats, 10) for repeats in (1, 2, 4, 8)]

OTHER_CNN = [
    _cnn(
        "digits-cnn-cyclic-4",
        10,
        family="cyclic",
        description="Snapshots of one run whose rate starts again four times",
        epochs=60,
        schedule="cyclic",
        cycle=15,
        keep={15: "digits-cnn-cyclic-1", 30: "digits-cnn-cyclic-2", 45: "digits-cnn-cyclic-3"},
    ),
    *(
        _cnn(
            f"rotated-cnn-s{seed}",
            seed,
            family="rotated",
            dataset="digits_rotated",
            description="Forty classes: digit and angle",
            epochs=30,
        )
        for seed in (10, 11)
    ),
    _cnn("digits04-cnn-s10", 10, family="transfer", dataset="digits_0_4", description="Digits 0 to 4 alone", epochs=60),
    _cnn("digits59-cnn-s10", 10, family="transfer", dataset="digits_5_9", description="Digits 5 to 9 alone", epochs=60),
    _cnn(
        "digits59-cnn-s10-finetuned",
        10,
        family="transfer",
        dataset="digits_5_9",
        description="Trained on digits 0 to 4, then on 5 to 9 with a new head",
        start="digits04-cnn-s10",
        rate=1e-3,
    ),
    _cnn(
        "digits-cnn-s10-finetuned",
        10,
        family="transfer",
        description="Trained on digits 0 to 4, then on all ten with a new head",
        start="digits04-cnn-s10",
        rate=1e-3,
    ),
    _cnn(
        "digits-cnn-nonorm-s10",
        10,
        family="cnn",
        description="Five convolutions without batch norm",
        arguments={"norm": False},
        decay=0.0,
        warmup=5,
        epochs=100,
    ),
    *(
        _cnn(
            f"digits-cnn-w{width}-s{seed}",
            seed,
            family="width",
            description=f"Five convolutions of width {width}",
            arguments={"width": width},
            epochs=500 if width == 4 else 60,
            rate=1e-2 if width == 4 else 3e-3,
            decay=0.0 if width == 4 else 1e-4,
            ships=width < 32,
        )
        for width in (4, 8, 32, 64)
        for seed in (10, 11)
    ),
]


def _shapes(architecture: str, seed: int, dataset: str = "shapes", **arguments: Any) -> Run:
    return Run(
        f"{dataset.replace('_', '-')}-{architecture}-s{seed}",
        dataset.replace("_", "-"),
        architecture,
        dataset,
        f"{_FAMILY_NAMES.get(architecture, 'Five convolutions')} on pictures of shapes",
        seed,
        {"size": None} | arguments,
        epochs=50 if dataset == "shapes_texture" else 30 if architecture == "resnet" else 20,
        shift=2,
        ships=seed < 13,
    )


SHAPES = [
    *(_shapes("cnn", seed) for seed in (10, 11)),
    *(_shapes("resnet", seed, stem_stride=2) for seed in (10, 11)),
    *(_shapes("vgg", seed) for seed in (10, 11)),
    *(_shapes("cnn", seed, dataset) for dataset in ("shapes_texture", "shapes_sketch") for seed in (10, 11)),
    *(_shapes("cnn", seed) for seed in (12, 13, 14)),
]


def _mlp(name: str, description: str, arguments: Mapping[str, Any] | None = None, **more: Any) -> Run:
    settings: dict[str, Any] = {"dataset": "digits_low", "epochs": 100, "rate": 1e-3, "decay": 0.0}
    settings |= {"schedule": "constant", "normalised": True} | more
    return Run(
        name=name,
        family=settings.pop("family", "mlp"),
        architecture="mlp",
        description=description,
        arguments=dict(arguments or {}),
        **settings,
    )


MLPS = [
    _mlp("low-mlp-s10", "Three hidden layers of 128: is the digit below five?", keep={0: "low-mlp-s10-epoch00"}),
    _mlp("low-mlp-s11", "Three hidden layers of 128: is the digit below five?", seed=11, ships=False),
    *(_mlp(f"low-mlp-d{depth}-s10", f"{depth} hidden layers of 128", {"depth": depth}) for depth in (1, 2, 4, 6)),
    *(
        _mlp(f"low-mlp-w{width}-s10", f"Three hidden layers of {width}", {"width": width})
        for width in (16, 32, 64, 256)
    ),
    *(
        _mlp(
            f"low-mlp-{one.replace('_', '')}-s10",
            f"Activation {one.replace('_', ' ')}",
            {"activation": one},
            ships=one != "leaky_relu",
        )
        for one in ("tanh", "linear", "leaky_relu")
    ),
    _mlp("low-mlp-sgd-s10", "Trained with SGD", optimiser="sgd", rate=0.05),
    _mlp("low-mlp-rmsprop-s10", "Trained with RMSprop", optimiser="rmsprop", rate=5e-4),
    _mlp("low-mlp-shuffled-s10", "Trained on shuffled labels", dataset="digits_low_shuffled", epochs=300),
    _mlp(
        "diabetes-mlp-s10",
        "Three hidden layers of 128, regression",
        dataset="diabetes",
        epochs=30,
        decay=1e-2,
        normalised=False,
        keep={0: "diabetes-mlp-s10-epoch00"},
    ),
    _mlp(
        "diabetes-mlp-s11",
        "Three hidden layers of 128, regression",
        dataset="diabetes",
        epochs=30,
        decay=1e-2,
        normalised=False,
        seed=11,
    ),
]
MLPS += [
    _mlp(
        f"{short}-mlp-s{seed}",
        "Two hidden layers of 32",
        {"depth": 2, "width": 32, "hidden_bias": True},
        family="small",
        dataset=dataset,
        epochs=epochs,
        rate=3e-3,
        normalised=False,
        seed=seed,
    )
    for short, dataset, epochs in (
        ("wine", "wine", 40),
        ("cancer", "breast_cancer", 40),
        ("clusters", "clusters_12", 100),
        ("rings", "rings_1", 100),
    )
    for seed in (10, 11)
]

RUNS: tuple[Run, ...] = (*CORE, *TINY, *FAMILIES, *DEPTH, *OTHER_CNN, *MLPS, *SHAPES)
