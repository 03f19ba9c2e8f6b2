"""The quick start and the agent of our own guide: the same calls, in our words."""

from tests.journeys.guide import Call

JSON = {"Content-Type": "application/json"}
KEYED = {"Authorization": "Bearer KEY", **JSON}

QUICK_START = [
    Call(
        "POST",
        "/v1/auth/register",
        JSON,
        {
            "email": "ada@lumen.example",
            "password": "a-long-enough-password",
            "first_name": "Ada",
            "last_name": "Lumen",
        },
    ),
    Call("POST", "/v1/auth/verify", JSON, {"email": "ada@lumen.example", "code": "000000"}),
    Call("POST", "/v1/account/business", KEYED, {"name": "Lumen Bikes"}),
    Call(
        "POST",
        "/v1/campaigns",
        KEYED,
        {
            "name": "Spring tune-up",
            "objective": "CONVERSIONS",
            "daily_budget": 42.5,
            "product_description": "Bicycle service at your door",
            "message": "Ride into spring. Book a tune-up.",
            "target_url": "https://lumen-bikes.example/tune-up",
            "audience_description": "Commuters in large cities",
            "target_location": "United States",
        },
    ),
    Call(
        "POST",
        "/v1/webhooks",
        KEYED,
        {
            "url": "https://lumen-bikes.example/hooks",
            "events": ["campaign.created", "campaign.updated"],
        },
    ),
    Call("POST", "/v1/billing/subscribe", KEYED, {"plan_id": 1}),
    Call("POST", "/v1/platforms/facebook/connect", {"Authorization": "Bearer KEY"}),
]

AGENT = """
gen = requests.post(f"{BASE}/ai/generate/variations", headers=H, json={
    "product_description": "Mobile bicycle repair that comes to your office",
    "target_audience": "Commuters who ride to work",
    "count": 4,
    "platform": "facebook",
    "include_images": True,
    "tone": "friendly"
})
gen = requests.get(f"{BASE}/ai/generations/{gen['id']}", headers=H)
campaign = requests.post(f"{BASE}/campaigns", headers=H, json={
    "name": "Autumn riders",
    "objective": "traffic",
    "platforms": ["facebook", "instagram"],
    "budget": {"type": "daily", "amount": 30, "currency": "USD"},
    "schedule": {"start_date": "2025-09-01", "end_date": "2025-11-15"},
    "optimization": {"enabled": True, "strategy": "maximize_conversions", "frequency": "hourly"}
})
ad_set = requests.post(f"{BASE}/campaigns/{campaign['id']}/ad-sets", headers=H, json={
    "name": "City riders",
    "targeting": {
        "age_min": 21, "age_max": 50,
        "locations": [{"type": "country", "value": "US"}],
        "interests": ["cycling"]
    }
})
requests.post(f"{BASE}/campaigns/{campaign['id']}/ad-sets/{ad_set['id']}/ads", headers=H, json={
    "name": f"Message {i+1}",
    "creative": {
        "headline": v["headline"],
        "primary_text": v["primary_text"],
        "description": v["description"],
        "image_url": v.get("image_url"),
        "call_to_action": "sign_up",
        "link_url": "https://lumen-bikes.example/book"
    }
})
requests.post(f"{BASE}/campaigns/{campaign['id']}/launch", headers=H)
analytics = requests.get(f"{BASE}/analytics/campaigns/{campaign['id']}", headers=H)
suggestions = requests.post(f"{BASE}/ai/optimize/suggest", headers=H, json={
    "campaign_id": campaign["id"],
    "strategies": ["new_message", "pause_ad"]
})
"""

# What a program does with a suggestion it wants.
APPLY = """
requests.post(f"{BASE}/ai/optimize/apply", headers=H, json={"suggestion_id": s["id"]})
"""
