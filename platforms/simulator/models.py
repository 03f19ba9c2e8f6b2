"""The simulated world: its clock, people, accounts, ad objects and what was delivered.

Everything lives in the database alias `sim`. A graph id is a row id plus the offset of its kind,
so that an id names its table.
"""

from django.db import models

PERSON_BASE = 10_000_000_000_000
ACCOUNT_BASE = 20_000_000_000_000
PAGE_BASE = 30_000_000_000_000
PIXEL_BASE = 40_000_000_000_000
RUN_BASE = 60_000_000_000_000
NODE_BASE = 120_200_000_000_000_000

ACTIVE, PAUSED, ARCHIVED, DELETED = "ACTIVE", "PAUSED", "ARCHIVED", "DELETED"
APPROVED, PENDING_REVIEW, DISAPPROVED = "APPROVED", "PENDING_REVIEW", "DISAPPROVED"

CAMPAIGN, ADSET, AD, CREATIVE, LABEL = "campaign", "adset", "ad", "creative", "label"


class World(models.Model):
    """The one row of the virtual clock. `delivered_until` is the hour the market has reached."""

    seed = models.BigIntegerField()
    now = models.DateTimeField()
    delivered_until = models.DateTimeField()

    class Meta:
        db_table = "sim_world"


class Person(models.Model):
    """A test person who can consent."""

    name = models.CharField(max_length=100)

    class Meta:
        db_table = "sim_person"

    @property
    def graph_id(self) -> str:
        return str(PERSON_BASE + self.pk)


class Token(models.Model):
    """An access token. `expires_at` is wall time: tokens do not age with the virtual clock."""

    value = models.CharField(max_length=200, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    revoked = models.BooleanField(default=False)

    class Meta:
        db_table = "sim_token"


class Code(models.Model):
    """A single-use authorization code, bound to the redirect address of its dialog."""

    value = models.CharField(max_length=200, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    redirect_uri = models.TextField()
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    used = models.BooleanField(default=False)

    class Meta:
        db_table = "sim_code"


class AdAccount(models.Model):
    """An ad account; `status` is Graph's number (1 active, 2 disabled, 3 unsettled)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    status = models.IntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sim_ad_account"

    @property
    def account_id(self) -> str:
        return str(ACCOUNT_BASE + self.pk)

    @property
    def graph_id(self) -> str:
        return f"act_{self.account_id}"


class Page(models.Model):
    """A page of a person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "sim_page"

    @property
    def graph_id(self) -> str:
        return str(PAGE_BASE + self.pk)


class Pixel(models.Model):
    """A pixel of an ad account."""

    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "sim_pixel"

    @property
    def graph_id(self) -> str:
        return str(PIXEL_BASE + self.pk)


class Node(models.Model):
    """A campaign, ad set, ad, creative or label. `data` holds its Graph fields as given;
    `shown_at` is the wall time from which list edges show it. The outcome of a review is drawn when
    it starts: at `reviewed_at` the ad is approved, or disapproved where `review_reason` says why.
    """

    kind = models.CharField(max_length=10)
    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    campaign_key = models.BigIntegerField(default=0)
    creative_key = models.BigIntegerField(default=0)
    name = models.CharField(max_length=400, blank=True)
    status = models.CharField(max_length=10, default=ACTIVE)
    data = models.JSONField(default=dict)
    reviewed_at = models.DateTimeField(null=True)
    review_reason = models.CharField(max_length=300, blank=True)
    budget_edits = models.JSONField(default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    shown_at = models.FloatField(default=0)

    class Meta:
        db_table = "sim_node"
        indexes = [
            models.Index(fields=["account", "kind", "id"], name="sim_node_edge"),
            models.Index(fields=["account", "kind", "name"], name="sim_node_name"),
            models.Index(fields=["campaign_key", "kind"], name="sim_node_campaign"),
        ]

    @property
    def graph_id(self) -> str:
        return str(NODE_BASE + self.pk)


class NodeLabel(models.Model):
    """A label on an object."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="label_links")
    label = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="labelled_links")

    class Meta:
        db_table = "sim_node_label"
        constraints = [
            models.UniqueConstraint(fields=["label", "node"], name="sim_node_label_once")
        ]


class Image(models.Model):
    """An uploaded image, known by the hash of its bytes."""

    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE)
    hash = models.CharField(max_length=32)
    name = models.CharField(max_length=200)
    size = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sim_image"
        constraints = [
            models.UniqueConstraint(fields=["account", "hash"], name="sim_image_content")
        ]


class ReportRun(models.Model):
    """An asynchronous insights report; `polls` moves it from queued to done."""

    account = models.ForeignKey(AdAccount, on_delete=models.CASCADE)
    target = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    polls = models.IntegerField(default=0)

    class Meta:
        db_table = "sim_report_run"

    @property
    def graph_id(self) -> str:
        return str(RUN_BASE + self.pk)


class Delivery(models.Model):
    """What one ad got on one day of the account's zone on one publisher platform; spend is in
    minor units.
    """

    ad = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="deliveries")
    day = models.DateField()
    platform = models.CharField(max_length=20)
    impressions = models.BigIntegerField(default=0)
    reach = models.BigIntegerField(default=0)
    clicks = models.BigIntegerField(default=0)
    link_clicks = models.BigIntegerField(default=0)
    spend = models.BigIntegerField(default=0)

    class Meta:
        db_table = "sim_delivery"
        constraints = [
            models.UniqueConstraint(fields=["ad", "day", "platform"], name="sim_delivery_cell")
        ]


class Arrival(models.Model):
    """Conversions of clicks of `day` that reports show from the hour `lands` (hours since 1970)
    on; `window` is the shortest click window that holds them (1, 7, 28 or 30 days).
    """

    ad = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="arrivals")
    day = models.DateField()
    platform = models.CharField(max_length=20)
    lands = models.IntegerField()
    window = models.IntegerField()
    conversions = models.IntegerField()
    value = models.BigIntegerField()

    class Meta:
        db_table = "sim_arrival"
        indexes = [models.Index(fields=["ad", "day", "lands"], name="sim_arrival_cell")]


class BudgetDay(models.Model):
    """The daily budget in force for its owner (campaign or ad set) on a day, and what was spent."""

    owner = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="budget_days")
    day = models.DateField()
    budget = models.BigIntegerField()
    spend = models.BigIntegerField(default=0)

    class Meta:
        db_table = "sim_budget_day"
        constraints = [models.UniqueConstraint(fields=["owner", "day"], name="sim_budget_day_once")]
