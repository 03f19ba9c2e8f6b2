"""The Celery application; without a broker URL it runs inside the web process
(`config.embedded`).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("adamant")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
