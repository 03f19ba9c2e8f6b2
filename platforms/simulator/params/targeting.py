"""Targeting: every key by name, so that a misspelt one is refused."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from platforms.simulator.params.common import GraphId, Params

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Place(Params):
    """A city, region, zip or similar by key."""

    key: str | int | None = None
    name: str | None = None
    country: Country | None = None
    region: str | None = None
    region_id: str | int | None = None
    radius: float | None = None
    distance_unit: Literal["mile", "kilometer"] | None = None


class CustomLocation(Params):
    latitude: float | None = None
    longitude: float | None = None
    address_string: str | None = None
    name: str | None = None
    country: Country | None = None
    radius: float | None = None
    distance_unit: Literal["mile", "kilometer"] | None = None


class GeoLocations(Params):
    countries: list[Country] = []
    country_groups: list[str] = []
    regions: list[Place] = []
    cities: list[Place] = []
    zips: list[Place] = []
    places: list[Place] = []
    geo_markets: list[Place] = []
    metro_areas: list[Place] = []
    neighborhoods: list[Place] = []
    custom_locations: list[CustomLocation] = []
    location_types: list[Literal["home", "recent", "travel_in"]] = []

    def names_a_place(self) -> bool:
        return any(getattr(self, name) for name in GeoLocations.model_fields)


class IdName(Params):
    id: GraphId | None = None
    name: str | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "IdName":
        if not self.id and not self.name:
            raise ValueError("needs an id")
        return self


class Detailed(Params):
    """Interests and the like that a person must match (any of them)."""

    interests: list[IdName] = []
    behaviors: list[IdName] = []
    life_events: list[IdName] = []
    industries: list[IdName] = []
    income: list[IdName] = []
    family_statuses: list[IdName] = []
    work_employers: list[IdName] = []
    work_positions: list[IdName] = []
    education_schools: list[IdName] = []
    education_majors: list[IdName] = []
    education_statuses: list[int] = []
    relationship_statuses: list[int] = []


class Automation(Params):
    advantage_audience: Literal[0, 1] | None = None
    individual_setting: dict[str, Any] | None = None


class Targeting(Detailed):
    geo_locations: GeoLocations | None = None
    excluded_geo_locations: GeoLocations | None = None
    age_min: Annotated[int, Field(ge=13, le=65)] | None = None
    age_max: Annotated[int, Field(ge=13, le=65)] | None = None
    age_range: list[int] = []
    genders: list[Literal[0, 1, 2]] = []
    locales: list[int] = []
    flexible_spec: list[Detailed] = []
    exclusions: Detailed | None = None
    custom_audiences: list[IdName] = []
    excluded_custom_audiences: list[IdName] = []
    publisher_platforms: list[
        Literal["facebook", "instagram", "audience_network", "messenger", "threads", "whatsapp"]
    ] = []
    facebook_positions: list[str] = []
    instagram_positions: list[str] = []
    messenger_positions: list[str] = []
    audience_network_positions: list[str] = []
    threads_positions: list[str] = []
    device_platforms: list[Literal["mobile", "desktop"]] = []
    user_os: list[str] = []
    user_device: list[str] = []
    wireless_carrier: list[str] = []
    brand_safety_content_filter_levels: list[str] = []
    targeting_automation: Automation | None = None
    targeting_optimization: str | None = None
    targeting_relaxation_types: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _ages_in_order(self) -> "Targeting":
        if self.age_min and self.age_max and self.age_min > self.age_max:
            raise ValueError("age_min is above age_max")
        return self

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Targeting":
        placed = self.geo_locations is not None and self.geo_locations.names_a_place()
        if not placed and not self.custom_audiences:
            raise ValueError("needs geo_locations or a custom audience")
        return self
