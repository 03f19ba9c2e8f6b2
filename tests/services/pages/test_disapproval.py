"""A campaign page says why the platform turned an ad down."""

from campaigns.models import Ad
from core.actors import Role
from core.tenancy import tenant_tx
from tests.services.campaigns.stage import camp_id, connect, running

ISSUE = {"code": "review", "level": "AD", "summary": "Weapons", "message": "No <b>swords</b>."}


def test_disapproved_ad_shows_its_reason(acme, rival, browse):
    campaign = running(acme, connect(acme))
    with tenant_tx(acme.tenant.id):
        Ad.objects.filter(campaign=campaign).update(effective_status="DISAPPROVED", issues=[ISSUE])
    page = browse(acme, Role.ANALYST).get(f"/campaigns/{camp_id(campaign)}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert ("Disapproved" in text, "Weapons" in text) == (True, True)
    assert ("No &lt;b&gt;swords&lt;/b&gt;." in text, "<b>swords" in text) == (True, False)
    assert browse(rival, Role.OWNER).get(f"/campaigns/{camp_id(campaign)}/").status_code == 404
