from django.db import migrations
from django.db.models import Count, Max, Sum

from core.clock import now
from core.tenancy import tenant_tx

VALUES = ("impressions", "clicks", "spend_micros", "conversions", "conversion_value_micros")
BATCH = 500


def fill(apps, schema_editor):
    """Totals of the facts there are, tenant by tenant: row-level security binds the owner too."""
    for tenant_id in apps.get_model("accounts", "Tenant").objects.values_list("pk", flat=True):
        with tenant_tx(tenant_id):
            _fill(apps, tenant_id)


def _fill(apps, tenant_id):
    totals = apps.get_model("metrics", "CampaignTotals")
    facts = apps.get_model("metrics", "MetricFact").objects.filter(tenant_id=tenant_id)
    rows = facts.values("tenant_id", "campaign_id").annotate(
        currency=Max("currency"),
        **{name: Sum(name) for name in VALUES},
        days=Count("day", distinct=True),
        last_day=Max("day"),
    )
    moment = now()
    totals.objects.bulk_create(
        [totals(**row, computed_at=moment) for row in rows],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0002_campaign_totals'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
