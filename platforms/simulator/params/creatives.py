"""Parameters of ad creatives and images."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from platforms.simulator.params.common import (
    Flag,
    FromJson,
    GraphId,
    Labels,
    Map,
    Maps,
    Params,
    Texts,
)

CallToActionType = Literal[
    "APPLY_NOW",
    "BOOK_NOW",
    "BOOK_TRAVEL",
    "BUY_NOW",
    "BUY_TICKETS",
    "CALL_NOW",
    "CONTACT_US",
    "DONATE_NOW",
    "DOWNLOAD",
    "GET_DIRECTIONS",
    "GET_OFFER",
    "GET_PROMOTIONS",
    "GET_QUOTE",
    "GET_SHOWTIMES",
    "GET_STARTED",
    "INSTALL_MOBILE_APP",
    "LEARN_MORE",
    "LISTEN_NOW",
    "MESSAGE_PAGE",
    "NO_BUTTON",
    "OPEN_LINK",
    "ORDER_NOW",
    "PLAY_GAME",
    "REQUEST_TIME",
    "SEE_MORE",
    "SEND_UPDATES",
    "SHOP_NOW",
    "SIGN_UP",
    "START_ORDER",
    "SUBSCRIBE",
    "USE_APP",
    "VISIT_WEBSITE",
    "WATCH_MORE",
    "WATCH_VIDEO",
    "WHATSAPP_MESSAGE",
]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+", max_length=2000)]


class CallToActionValue(Params):
    link: Url | None = None
    app_link: str | None = None
    lead_gen_form_id: GraphId | None = None
    page: GraphId | None = None
    link_format: str | None = None


class CallToAction(Params):
    type: CallToActionType
    value: CallToActionValue | None = None


class LinkData(Params):
    link: Url
    message: str = ""
    name: str = ""
    description: str = ""
    caption: str = ""
    image_hash: str = ""
    picture: str = ""
    call_to_action: CallToAction | None = None
    attachment_style: Literal["link", "default"] | None = None
    child_attachments: list[dict[str, object]] = []
    multi_share_optimized: Flag | None = None
    multi_share_end_card: Flag | None = None
    force_single_link: Flag | None = None


class VideoData(Params):
    video_id: GraphId
    title: str = ""
    message: str = ""
    image_hash: str = ""
    image_url: str = ""
    link_description: str = ""
    call_to_action: CallToAction | None = None


class StorySpec(Params):
    page_id: GraphId
    link_data: LinkData | None = None
    video_data: VideoData | None = None
    photo_data: dict[str, object] | None = None
    instagram_user_id: GraphId | None = None

    @model_validator(mode="after")
    def _has_content(self) -> "StorySpec":
        if self.link_data is None and self.video_data is None and self.photo_data is None:
            raise ValueError("needs link_data, video_data or photo_data")
        return self


class CreativeCreate(Params):
    """The story forms of a creative. The flat ones (title, body, link_url) are known by name, so
    that they are refused for what they lack and not as unknown words.
    """

    name: Annotated[str, Field(max_length=100)] = ""
    object_story_spec: Annotated[StorySpec, FromJson] | None = None
    object_story_id: str | None = None
    asset_feed_spec: Map | None = None
    degrees_of_freedom_spec: Map | None = None
    contextual_multi_ads: Map | None = None
    url_tags: str | None = None
    instagram_user_id: GraphId | None = None
    authorization_category: Literal["NONE", "POLITICAL"] | None = None
    title: str | None = None
    body: str | None = None
    image_hash: str | None = None
    image_url: str | None = None
    link_url: str | None = None
    object_url: str | None = None
    call_to_action: Map | None = None
    adlabels: Labels = []
    execution_options: Annotated[list[Literal["validate_only"]], FromJson] = []


class ImageCreate(Params):
    bytes: str | None = None
    name: str | None = None
    copy_from: Map | None = None


class ImageList(Params):
    hashes: Texts | None = None
    name: str | None = None
    filtering: Maps | None = None
