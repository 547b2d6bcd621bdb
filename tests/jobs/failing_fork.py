"""A system that refuses the second process, as it does when there are too many. (The real limit does not bind root.)"""

import errno
import os

births = 0
fork = os.fork


def refusing():
    global births
    births += 1
    if births == 2:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    return fork()


os.fork = refusing
