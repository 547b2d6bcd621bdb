"""The background import: it names modules that exist, and Start needs no more than these."""

import subprocess
import sys

from repsim_ui import warmup


def test_every_module_is_imported_in_the_background():
    thread = warmup.start()
    thread.join(60)
    assert not thread.is_alive()
    assert thread.daemon
    assert set(warmup.MODULES) <= set(sys.modules)


def test_torchvision_waits_until_somebody_asks_for_it():
    program = f"import sys\nfor name in {warmup.MODULES}: __import__(name)\nprint('torchvision' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
