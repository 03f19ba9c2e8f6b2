"""Images: fetched under guard once, checked, re-encoded, kept by content."""

import http.server
import io
import threading
from datetime import timedelta

import pytest
from PIL import Image

from core.errors import NotFoundError
from core.http import OutsideFetchError
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from creatives.models import Asset
from creatives.presenters import asset_url
from creatives.services.assets import (
    InvalidImageError,
    image_content,
    keep_image,
    own_asset_id,
    reencode,
    store_image,
)
from tests.cast import NOW


def picture(form="PNG", *, mode="RGB", size=(40, 30), **save):
    out = io.BytesIO()
    Image.new(mode, size, "red").save(out, form, **save)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "mode", "content_type"),
    [
        ("PNG", "RGB", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("JPEG", "RGB", "image/jpeg"),
        ("GIF", "P", "image/jpeg"),
        ("WEBP", "RGB", "image/jpeg"),
    ],
)
def test_image_is_reencoded_without_what_was_hidden_in_it(form, mode, content_type):
    content = picture(form, mode=mode) + b"<script>alert(1)</script>"
    encoded, kind, size = reencode(content)
    assert (kind, size) == (content_type, (40, 30))
    assert b"script" not in encoded
    assert reencode(content)[0] == encoded


def test_jpeg_loses_its_metadata():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    encoded, _kind, _size = reencode(picture("JPEG", exif=exif))
    assert b"secret place" not in encoded


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", b"not an image", picture()[:60], picture("BMP"), picture("TIFF")]
)
def test_what_is_no_image_is_refused(content):
    with pytest.raises(InvalidImageError):
        reencode(content)


def test_image_of_too_many_pixels_is_refused():
    with pytest.raises(InvalidImageError):
        reencode(picture(mode="1", size=(8000, 8000)))


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = "https://ads.example"


@pytest.fixture
def origin(settings):
    """A server whose hits are counted, on the list of hosts tests may reach."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.hits += 1
            body = picture()
            self.send_response(200 if self.path == "/a.png" else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.hits = 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings.DEV_WEBHOOK_HOSTS = frozenset({url})
    yield server, url
    server.shutdown()
    server.server_close()
    thread.join()


def content_of(cast, url):
    ids = {"tenant_id": cast.tenant.id, "business_id": cast.test_business.id}
    return image_content(**ids, digest=keep_image(**ids, url=url, now=NOW).digest)


def test_outside_image_is_kept_by_content(acme, media, origin):
    server, url = origin
    first = content_of(acme, f"{url}/a.png")
    assert content_of(acme, f"{url}/a.png") == first
    assert server.hits == 2
    with tenant_tx(acme.tenant.id, readonly=True):
        row = Asset.objects.get()
    assert (row.width, row.height, row.size_bytes) == (40, 30, len(first))


def test_missing_and_inner_addresses_are_not_fetched(acme, media, origin):
    _server, url = origin
    for address in (f"{url}/b.png", "http://169.254.169.254/a.png", "file:///etc/passwd"):
        with pytest.raises(OutsideFetchError):
            content_of(acme, address)


def test_equal_content_is_one_row_of_the_business(acme, media):
    for days in range(2):
        store_image(
            tenant_id=acme.tenant.id,
            business_id=acme.test_business.id,
            content=picture(),
            now=NOW + timedelta(days=days),
        )
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Asset.objects.count() == 1


def test_own_address_resolves_to_the_row_of_the_same_business_only(acme, rival, media):
    ids = {"tenant_id": acme.tenant.id, "business_id": acme.test_business.id}
    asset = store_image(**ids, content=picture(), now=NOW)
    assert own_asset_id(asset_url(asset)) == asset.id
    assert content_of(acme, asset_url(asset)) == content_of(
        acme, f"/assets/{encode('ast', asset.id)}"
    )
    for cast, address in (
        (rival, asset_url(asset)),
        (acme, f"/assets/{encode('ast', new_uuid())}"),
    ):
        with pytest.raises(NotFoundError):
            content_of(cast, address)
