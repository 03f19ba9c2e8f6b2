"""WSGI entry point of `manage.py simulator`; starts the virtual clock where it runs by itself."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from platforms.simulator import ticking  # noqa: E402 - models are ready only after Django's setup

ticking.start()
