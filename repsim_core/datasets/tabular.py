"""Three small tables: one regression, two classifications. Features are standardised with the training half."""

from functools import lru_cache

import numpy as np

from repsim_core.datasets.source import Content, Source
from repsim_core.types import DatasetCard


@lru_cache
def _split(name: str) -> dict[str, Content]:
    from sklearn import datasets  # here, since importing scikit-learn takes seconds
    from sklearn.model_selection import train_test_split

    readers = {
        "diabetes": lambda: datasets.load_diabetes(scaled=False),
        "wine": datasets.load_wine,
        "breast_cancer": datasets.load_breast_cancer,
    }
    bunch, regression = readers[name](), name == "diabetes"
    target = bunch.target.astype(np.float64 if regression else np.int64)
    rows = np.arange(len(target))
    train, test = train_test_split(rows, test_size=0.5, random_state=0, stratify=None if regression else target)
    mean, deviation = bunch.data[train].mean(axis=0), bunch.data[train].std(axis=0)
    inputs = ((bunch.data - mean) / deviation).astype(np.float32)
    parts = {"train": np.sort(train), "test": np.sort(test), "all": rows}
    return {
        split: Content(inputs[part], target[part], tuple(f"{name}/{i:04d}" for i in part))
        for split, part in parts.items()
    }


def _source(
    name: str, sizes: tuple[int, int, int], features: int, classes: tuple[str, ...], description: str, origin: str
) -> Source:
    card = DatasetCard(
        name,
        "tabular",
        "classification" if classes else "regression",
        (features,),
        dict(zip(("train", "test", "all"), sizes, strict=True)),
        classes,
        description,
        f"{origin}, in scikit-learn",
    )
    return Source(card, lambda split: _split(name)[split])


SOURCES = (
    _source(
        "diabetes",
        (221, 221, 442),
        10,
        (),
        "Disease progression after a year from ten measurements",
        "Efron, Hastie, Johnstone, Tibshirani (2004), Least angle regression",
    ),
    _source(
        "wine",
        (89, 89, 178),
        13,
        ("class_0", "class_1", "class_2"),
        "Three cultivars from thirteen chemical measurements",
        "UCI wine (S. Aeberhard, M. Forina; CC BY 4.0)",
    ),
    _source(
        "breast_cancer",
        (284, 285, 569),
        30,
        ("malignant", "benign"),
        "Malignant or benign from thirty measurements of cell nuclei",
        "UCI breast cancer Wisconsin diagnostic (W. Wolberg, O. Mangasarian, N. Street, W. Street; CC BY 4.0)",
    ),
)
