"""A tree of categories over OpenStreetMap's tags: a dozen groups that people name, the tag's own value below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["CATEGORIES", "PLACE_KEYS", "categorise"]

# Keys that make an object a place, in the order in which they decide its category where it has several
# (OpenStreetMap wiki, "Map features").
PLACE_KEYS = ("shop", "amenity", "healthcare", "craft", "office", "tourism", "leisure")

# Group -> (key, values). A value is the category's second part: amenity=cafe is "food/cafe".
CATEGORIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "food": {
        "amenity": ("restaurant", "cafe", "fast_food", "bar", "pub", "biergarten", "ice_cream", "food_court"),
        "shop": ("coffee", "pastry"),
    },
    "grocery": {
        "shop": (
            "supermarket", "convenience", "grocery", "bakery", "butcher", "greengrocer", "deli", "seafood", "cheese",
            "beverages", "alcohol", "wine", "farm", "frozen_food", "health_food", "dairy", "spices", "tea", "chocolate",
            "confectionery", "general",
        ),
        "amenity": ("marketplace",),
    },
    "health": {
        "amenity": ("pharmacy", "hospital", "clinic", "doctors", "dentist", "veterinary", "nursing_home"),
        "shop": ("chemist", "optician", "medical_supply", "hearing_aids"),
        "healthcare": (),
    },
    "education": {
        "amenity": (
            "school", "kindergarten", "childcare", "university", "college", "library", "language_school",
            "music_school", "driving_school", "research_institute", "prep_school",
        ),
    },
    "finance": {"amenity": ("bank", "atm", "bureau_de_change", "payment_terminal", "money_transfer")},
    "transport": {
        "amenity": (
            "parking", "parking_space", "parking_entrance", "bicycle_parking", "motorcycle_parking", "fuel",
            "charging_station", "bus_station", "taxi", "car_rental", "car_sharing", "bicycle_rental",
            "bicycle_repair_station", "boat_rental", "ferry_terminal", "car_wash", "vehicle_inspection",
        ),
    },
    "culture": {
        "amenity": (
            "theatre", "cinema", "arts_centre", "nightclub", "casino", "community_centre", "social_centre", "studio",
            "events_venue", "music_venue", "conference_centre", "exhibition_centre", "planetarium",
        ),
        "tourism": ("museum", "gallery", "zoo", "aquarium", "theme_park", "attraction", "artwork", "viewpoint"),
    },
    "lodging": {
        "tourism": (
            "hotel", "hostel", "guest_house", "motel", "apartment", "camp_site", "caravan_site", "chalet",
            "alpine_hut", "wilderness_hut",
        ),
    },
    "public": {
        "amenity": (
            "townhall", "courthouse", "police", "fire_station", "post_office", "embassy", "prison", "public_building",
            "social_facility", "ranger_station", "rescue_station", "coast_guard",
        ),
        "office": ("government", "diplomatic", "administrative"),
    },
    "worship": {"amenity": ("place_of_worship", "monastery", "crematorium", "funeral_hall", "grave_yard")},
    "street": {
        "amenity": (
            "bench", "waste_basket", "waste_disposal", "recycling", "toilets", "drinking_water", "fountain",
            "telephone", "vending_machine", "post_box", "clock", "shelter", "bbq", "water_point", "shower",
            "letter_box", "parcel_locker", "lounger", "hunting_stand", "grit_bin", "give_box", "public_bookcase",
            "photo_booth", "watering_place", "compressed_air", "luggage_locker", "dog_toilet", "sanitary_dump_station",
        ),
        "tourism": ("information", "picnic_site"),
        "leisure": ("picnic_table", "bleachers", "outdoor_seating", "firepit"),
    },
}  # fmt: skip
# The group of a key's values that no group names.
DEFAULT_GROUPS = {
    "shop": "shop",
    "amenity": "service",
    "healthcare": "health",
    "craft": "craft",
    "office": "office",
    "tourism": "culture",
    "leisure": "leisure",
}
# Values that say that there is none (any more).
NOTHING = {"no", "none", "vacant", "disused", "abandoned", "closed"}
# Values of a second key that say no more than the first: amenity=pharmacy with healthcare=pharmacy.
_GROUPS = {
    (key, value): group for group, keys in CATEGORIES.items() for key, values in keys.items() for value in values
}


def categorise(tags: Mapping[str, str], keys: Iterable[str] = PLACE_KEYS) -> str:
    """Say what a place is, as in "food/cafe": the group, and the value of the tag that decided; empty for no place.

    Parameters
    ----------
    tags : mapping of str to str
    keys : iterable of str
        That make a place, the one that decides first.

    >>> categorise({"amenity": "cafe"}), categorise({"shop": "shoes", "name": "Step"}), categorise({"highway": "path"})
    ('food/cafe', 'shop/shoes', '')
    >>> categorise({"shop": "supermarket;bakery"}), categorise({"shop": "vacant"}), categorise({"sport": "x"}, ["sport"])
    ('grocery/supermarket', '', 'sport/x')
    """
    found = ""
    for key in keys:
        value = tags.get(key, "").split(";")[0].strip().lower()
        if not value or value in NOTHING:
            continue
        # "yes" says less than a value of another key does.
        if value == "yes":
            found = found or f"{DEFAULT_GROUPS.get(key, key)}/other"
            continue
        return f"{_GROUPS.get((key, value), DEFAULT_GROUPS.get(key, key))}/{value}"
    return found
