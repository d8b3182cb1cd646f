"""Customers behind baskets: what one of them did counts as one, in tests, intervals and counts."""

from domains.basket.customers.alike import say_neighbours
from domains.basket.customers.owners import Owners, owners_of
from domains.basket.customers.spread import correct_by_customers, count_customers, lift_spread

__all__ = ["Owners", "count_customers", "lift_spread", "owners_of", "say_neighbours", "correct_by_customers"]
