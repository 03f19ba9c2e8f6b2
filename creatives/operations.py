"""What the OpenAPI document says of the routes of this room."""

from core.operations import Operation, declare
from creatives.bodies import (
    BrandBody,
    BrandRules,
    Generation,
    GenerationPage,
    GenerationQuery,
    ImageBody,
    TextBody,
    VariationsBody,
)
from creatives.serving import UNKNOWN

_TAG = "AI content"
_MADE = {200: Generation, 202: Generation}
_ERRORS = (
    "business_required",
    "choose_business",
    "language_not_available",
    "plan_limit_reached",
    "provider_not_configured",
)

declare(
    Operation(
        id="generate_text",
        method="POST",
        path="/ai/generate/text",
        tag=_TAG,
        summary="Write ad copy",
        description=(
            "Answers with the finished variations; they keep the lengths of the platform and"
            " placement, and the business's brand rules. One credit a variation, given back where"
            " the generation fails."
        ),
        body=TextBody,
        answers=_MADE,
        errors=_ERRORS,
        example={
            "product_description": "Online accounting dashboard for small businesses",
            "target_audience": "Small business founders aged 25-45",
            "tone": "professional",
            "variations": 2,
            "types": ["headline", "primary_text", "description"],
            "platform": "facebook",
            "language": "en",
        },
    ),
    Operation(
        id="generate_image",
        method="POST",
        path="/ai/generate/image",
        tag=_TAG,
        summary="Draw ad images",
        description=(
            "Answers at once with an id to poll; the event generation.completed says when it is"
            " finished. One credit an image. An ad takes the `image_url` as it is."
        ),
        body=ImageBody,
        answers=_MADE,
        errors=_ERRORS,
        example={
            "prompt": "A founder looks at her accounts on a laptop",
            "style": "photo_realistic",
            "size": "1080x1080",
            "count": 1,
            "provider": "auto",
        },
    ),
    Operation(
        id="generate_ad_content",
        method="POST",
        path="/ai/generate/variations",
        tag=_TAG,
        summary="Write ad copy, with images where wanted",
        description=(
            "Without images it answers with the finished variations, with images with an id to"
            " poll. One credit a variation, and one more for each image."
        ),
        body=VariationsBody,
        answers=_MADE,
        errors=_ERRORS,
        example={
            "product_description": "SaaS project management tool for remote teams",
            "target_audience": "Remote teams and startups",
            "count": 2,
            "platform": "facebook",
            "include_images": False,
        },
    ),
    Operation(
        id="list_generations",
        method="GET",
        path="/ai/generations",
        tag=_TAG,
        summary="List generations, newest first",
        query=GenerationQuery,
        answers={200: GenerationPage},
    ),
    Operation(
        id="get_generation",
        method="GET",
        path="/ai/generations/{generation_id}",
        tag=_TAG,
        summary="Read one generation",
        description="Poll it while `status` is processing.",
        answers={200: Generation},
    ),
    Operation(
        id="get_asset_content",
        method="GET",
        path="/ai/assets/{asset_id}/content",
        tag=_TAG,
        summary="Read an image",
        description=(
            "The bytes of the image that `asset_id` of a variation names; they"
            " never change. The address in `image_url` is for people who are signed in."
        ),
        answers={200: None},
        files=("image/png", "image/jpeg", UNKNOWN),
    ),
    Operation(
        id="get_brand_rules",
        method="GET",
        path="/ai/brand-rules/{business_id}",
        tag=_TAG,
        summary="Read a business's brand rules",
        answers={200: BrandRules},
    ),
    Operation(
        id="set_brand_rules",
        method="PUT",
        path="/ai/brand-rules/{business_id}",
        tag=_TAG,
        summary="Replace a business's brand rules",
        description=(
            "Copy never uses a banned word; images use the colours and the logo. The logo's address"
            " is fetched once."
        ),
        body=BrandBody,
        answers={200: BrandRules},
        errors=("invalid_image", "fetch_failed"),
        example={
            "voice": "Plain and warm, no jargon",
            "banned_words": ["cheap", "guaranteed"],
            "colors": ["#1f3a5f", "#e07a5f"],
        },
    ),
)
