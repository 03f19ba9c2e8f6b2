"""Creative and rule pages in a browser: the cost follows the form, images appear by themselves."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.site import Site

pytestmark = pytest.mark.browser
SOON = 30_000


def test_copy_with_images_is_generated_and_fills_a_campaign(site: Site, signed_in: SignIn) -> None:
    page = signed_in("buyer")
    business = next(iter(site.data["businesses"].values()))
    page.goto(f"/creatives/new/?business={business}")
    expect(page.locator("#cost")).to_contain_text("This costs 3 credits.")
    page.fill("#id_count", "2")
    page.check("#id_include_images")
    expect(page.locator("#cost")).to_contain_text("This costs 4 credits.")
    page.fill("#id_product_description", "Handmade oak chairs for small homes, oiled twice")
    page.select_option("#id_provider", "local")
    page.select_option("#id_image_provider", "local")
    page.click("main form[method=post] button")
    expect(page.locator("#generation")).to_contain_text("Variation 2", timeout=SOON)
    expect(page.locator("#generation")).to_contain_text("provider: local")
    for image in page.locator("#generation img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("one => one.naturalWidth") == 1080
    headline = page.locator("#generation article .untrusted p").first.inner_text()
    page.get_by_role("link", name="New campaign with this 1").click()
    expect(page.locator("#id_name")).to_have_value(headline)


def test_a_rule_is_tried_and_saved(site: Site, signed_in: SignIn) -> None:
    page = signed_in("buyer")
    ids = site.data["journeys"]["reject"]
    page.goto(f"/rules/{ids['rule']}/")
    page.get_by_role("link", name="Edit").click()
    page.fill("#id_name", "Pause weaker ads")
    page.fill("#id_value", "0.5")
    page.get_by_role("button", name="Try on the last 30 days").click()
    expect(page.get_by_text("nothing was changed")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Pause weaker ads")).to_be_visible()
    expect(page.get_by_text("is below 0.5 % over 2 days")).to_be_visible()
