"""Map files: reading, places in categories, streets as they may be used, addresses."""
