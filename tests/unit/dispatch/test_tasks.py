"""Every periodic task names one that exists."""

from django.conf import settings

from config.celery import app


def test_beat_names_only_tasks_that_exist():
    app.autodiscover_tasks(force=True)
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named <= set(app.tasks)
