"""Archives, NumPy and safetensors files and what they hold: 3, 4, 24 to 44, 51 to 53 and 65 of the list."""

from tests.corpus.archives import ZIPS
from tests.corpus.numpy_files import ARRAYS
from tests.corpus.odd_files import ODD
from tests.corpus.other_kinds import KINDS
from tests.corpus.response_files import RESPONSES
from tests.corpus.safetensors_files import SAFETENSORS

BAD = [*KINDS, *ZIPS, *SAFETENSORS, *ARRAYS, *RESPONSES]
GOOD = ODD
