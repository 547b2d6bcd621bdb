"""Write the table of torchvision's classification networks from the torchvision that is installed.

python scripts/list_torchvision.py
"""

import json

import torchvision

from repsim_core.models.torchvision_names import TABLE
from repsim_core.models.torchvision_table import described

names = torchvision.models.list_models(module=torchvision.models)
table = {"torchvision": torchvision.__version__.partition("+")[0], "networks": {one: described(one) for one in names}}
TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
print(f"{TABLE}: {TABLE.stat().st_size} bytes")
