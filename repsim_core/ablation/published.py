"""What the paper found, as far as its released result files tell: mean Spearman over classes and layers."""

from collections.abc import Mapping
from types import MappingProxyType

SOURCE = "averages formed from the authors' released result files (Hayne, Jung and Carter 2024, TMLR)"
FAMILIES = ("decodability", "performance")
_MEASURES = ("cka_biased", "procrustes", "ridge_pwcca", "ridge_cca_squared", "ridge_cca")
_ROWS = {
    ("AlexNet", "decodability"): (0.486, 0.462, 0.360, 0.353, 0.351),
    ("AlexNet", "performance"): (0.168, 0.184, 0.184, 0.179, 0.178),
    ("MobileNetV2", "decodability"): (0.663, 0.643, 0.554, 0.542, 0.542),
    ("MobileNetV2", "performance"): (0.194, 0.177, 0.107, 0.098, 0.098),
    ("ResNet-50", "decodability"): (0.784, 0.822, 0.441, 0.447, 0.448),
    ("ResNet-50", "performance"): (0.418, 0.429, 0.353, 0.353, 0.354),
}
PUBLISHED: Mapping[tuple[str, str], Mapping[str, float]] = MappingProxyType(
    {key: MappingProxyType(dict(zip(_MEASURES, row, strict=True))) for key, row in _ROWS.items()}
)
PUBLISHED_CONTRASTS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "AlexNet": MappingProxyType({"decodability": 0.119, "performance": -0.005}),
        "MobileNetV2": MappingProxyType({"decodability": 0.107, "performance": 0.084}),
        "ResNet-50": MappingProxyType({"decodability": 0.357, "performance": 0.070}),
    }
)
"""{CKA, Procrustes} minus the CCA family."""
