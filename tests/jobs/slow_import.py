"""What a nursery preloads when its imports take a while."""

import time

time.sleep(1)
