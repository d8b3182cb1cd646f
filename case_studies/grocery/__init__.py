"""Shopping baskets: rules that hold, offers, and what is missing."""
