"""Maps to show, without tiles and without the network."""
