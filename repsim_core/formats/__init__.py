"""Files from outside: what they are and whether they are well made, told before anything else opens them.

Pure Python and NumPy; nothing here runs what a file holds, follows a name in it, or allocates what it merely claims.
"""

from repsim_core.formats.kinds import SAVE_ACTIVATIONS, SAVE_GRAPH, SAVE_IMAGES, SAVE_WEIGHTS, Kind, kind
from repsim_core.formats.names import checked_name, shown_name
from repsim_core.formats.npy import NpyHeader, npy_array, npy_header
from repsim_core.formats.npz import npz_arrays, npz_headers
from repsim_core.formats.responses import Responses, holds_responses, recorded_responses
from repsim_core.formats.tensors import TensorEntry, safetensors_arrays, safetensors_header, safetensors_metadata
from repsim_core.formats.zip_directory import Member
from repsim_core.formats.zips import member_chunks, read_member, zip_members

__all__ = [
    "SAVE_ACTIVATIONS",
    "SAVE_GRAPH",
    "SAVE_IMAGES",
    "SAVE_WEIGHTS",
    "Kind",
    "Member",
    "NpyHeader",
    "Responses",
    "TensorEntry",
    "checked_name",
    "holds_responses",
    "kind",
    "member_chunks",
    "npy_array",
    "npy_header",
    "npz_arrays",
    "npz_headers",
    "read_member",
    "recorded_responses",
    "safetensors_arrays",
    "safetensors_header",
    "safetensors_metadata",
    "shown_name",
    "zip_members",
]
