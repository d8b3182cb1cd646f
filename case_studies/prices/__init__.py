"""Tomorrow's electricity prices, and what to bid."""
