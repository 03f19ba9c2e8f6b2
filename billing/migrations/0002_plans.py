"""The four plans; ids are public."""

from django.db import migrations

PLANS = [
    (1, "free", "free_tier", "Free", 0, 10, 500, 10, 3),
    (2, "standard", "starter", "Standard", 49_000_000, 30, 5_000, 50, 25),
    (3, "flexible", "agency", "Flexible", 199_000_000, 300, 100_000, None, None),
    (4, "growth", "growth_tier", "Growth", 149_000_000, 60, 10_000, 500, 100),
]
FIELDS = (
    "id", "slug", "alias", "name", "price_micros", "requests_per_minute", "requests_per_day",
    "generations_per_month", "max_campaigns",
)


def add_plans(apps, schema_editor):
    plan = apps.get_model("billing", "Plan")
    for row in PLANS:
        plan.objects.create(**dict(zip(FIELDS, row, strict=True)))


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(add_plans, migrations.RunPython.noop)]
