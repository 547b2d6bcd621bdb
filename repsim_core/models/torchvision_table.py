"""The table of torchvision's classification networks, read from the torchvision that is installed."""

from typing import Any

import torchvision

from repsim_core.models.skeleton import torchvision_skeleton, trunk_names


def described(name: str) -> dict[str, Any]:
    """What ``torchvision.json`` should hold of a network: its size, and its published weights."""
    tensors = trunk_names(torchvision_skeleton(name, {}))
    return {
        "parameters": torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"],
        "tensors": len(tensors),
        "first_names": sorted({one.split(".")[0] for one in tensors}),
        "weights": published_sets(name),
    }


def published_sets(name: str) -> list[dict[str, Any]]:
    """Its sets of weights; not that of vgg16 without a classifier, whose last layers are NaN."""
    sets = torchvision.models.get_model_weights(name)
    return [_weights(one, one is sets.DEFAULT) for one in sets if one.meta["categories"]]


def _weights(one: Any, default: bool) -> dict[str, Any]:
    """One entry of torchvision's enumeration of weights, in the fields of :class:`PublishedWeights`."""
    meta, transforms = one.meta, one.transforms()
    metrics = meta["_metrics"]["ImageNet-1K"]
    return {
        "name": one.name,
        "default": default,
        "file": one.url.rsplit("/", 1)[-1],
        "url": one.url,
        "bytes": round(meta["_file_size"] * 1024**2),
        "parameters": meta["num_params"],
        "classes": len(meta["categories"]),
        "accuracy": round(metrics["acc@1"] / 100, 5),
        "top5": round(metrics["acc@5"] / 100, 5),
        "side": transforms.crop_size[0],
        "resize": transforms.resize_size[0],
        "interpolation": transforms.interpolation.value,
        "mean": list(transforms.mean),
        "std": list(transforms.std),
        "licence": meta.get("license", ""),
        "about": " ".join(meta["_docs"].split()),
    }
