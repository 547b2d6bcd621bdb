"""Who imports which upload, as "module:name"; each takes the file, a folder to write to and the visitor's choices."""

OWNERS = {
    "weights": "repsim_core.models.weights_file:imported",
    "graph": "repsim_core.models.graph:imported",
    "activations": "repsim_core.activations.from_file:imported",
    "data": "repsim_core.datasets.from_file:imported",
}
