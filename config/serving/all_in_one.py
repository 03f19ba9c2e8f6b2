"""WSGI application of the one process that does everything; importing it starts the threads.

granian imports it inside its worker, so that the threads live beside the requests they serve.
"""

import atexit
import threading

from django.conf import settings

from config.wsgi import application

__all__ = ["application"]

from config import embedded

_stop = threading.Event()
embedded.start_loops(_stop)
if settings.EMBEDDED:
    embedded.start_celery()
atexit.register(_stop.set)
