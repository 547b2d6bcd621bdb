"""Every limit on what comes from outside, in one table; each refusal names the one it met."""

from dataclasses import dataclass

MB, GB = 10**6, 10**9


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    upload_bytes: int = 256 * MB
    session_files: int = 8
    session_bytes: int = 1 * GB
    server_bytes: int = 4 * GB
    upload_seconds: float = 4 * 3600.0  # after which an upload is removed, its session or not
    session_grace_seconds: float = 120.0  # a browser that lost its connection may come back

    zip_members: int = 20_000
    zip_unpacked_bytes: int = 2 * GB
    zip_ratio: int = 100  # of a deflated member
    zip_name_length: int = 200
    zip_depth: int = 8

    npy_header_bytes: int = 10_000
    npy_axes: int = 5
    npy_bytes: int = 2 * GB

    safetensors_header_bytes: int = 8 * MB
    tensors: int = 20_000
    tensor_axes: int = 8
    tensor_name_length: int = 300
    state_dict_nesting: int = 2
    pickle_bytes: int = 8 * MB  # of the names and shapes in a .pt, without its numbers
    pickle_instructions: int = 1_000_000  # torch.save writes about 40 a tensor

    image_pixels: int = 40_000_000
    image_side: int = 4096
    image_set_pixels: int = 2_000_000_000
    dataset_bytes: int = 2 * GB  # of the stimuli that are loaded, float32
    stored_dataset_bytes: int = 400 * MB  # of an upload in its canonical form

    table_bytes: int = 64 * MB
    table_columns: int = 10_000
    table_cells: int = 5_000_000
    label_columns: int = 16  # of a labels.csv

    fewest_stimuli: int = 4
    stimuli: int = 20_000
    units: int = 200_000
    activation_bytes: int = 1 * GB

    graph_nodes: int = 5_000
    graph_json_bytes: int = 32 * MB  # of the description; torch writes about 2.5 kB a node
    parameter_bytes: int = 500 * MB
    node_output_bytes: int = 1 * GB

    wall_seconds: float = 120.0
    processor_seconds: int = 240
    address_space_bytes: int = 8 * GB
    resident_bytes: int = 3 * GB
    file_bytes: int = 512 * MB
    open_files: int = 128

    shown_name_length: int = 80


LIMITS = Limits()
