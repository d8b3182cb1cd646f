"""Two days of electricity demand, and the reserve to hold for them."""
