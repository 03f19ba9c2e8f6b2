from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "platforms.metrics"
    label = "metrics"
