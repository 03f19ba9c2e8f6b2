"""Research credits of the four plans; None is unlimited."""

from django.db import migrations

GRANTS = {1: 500, 2: 5_000, 3: None, 4: 25_000}


def grant(apps, schema_editor):
    for pk, credits in GRANTS.items():
        apps.get_model("billing", "Plan").objects.filter(pk=pk).update(
            research_credits_per_month=credits
        )


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_credits")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
