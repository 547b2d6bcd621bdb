"""Files from outside: what they are and whether they are well made, told before anything else opens them.

Pure Python and NumPy; nothing here runs what a file holds, follows a name in it, or allocates what it merely claims.
"""

from repsim_core.formats.kinds import SAVE_ACTIVATIONS, SAVE_GRAPH, SAVE_IMAGES, SAVE_WEIGHTS, Kind, kind
from repsim_core.formats.names import checked_name, shown_name
from repsim_core.formats.zips import Member, member_chunks, read_member, zip_members

__all__ = [
    "SAVE_ACTIVATIONS",
    "SAVE_GRAPH",
    "SAVE_IMAGES",
    "SAVE_WEIGHTS",
    "Kind",
    "Member",
    "checked_name",
    "kind",
    "member_chunks",
    "read_member",
    "shown_name",
    "zip_members",
]
