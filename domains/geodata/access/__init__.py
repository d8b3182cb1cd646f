"""What lies around a point, who shares a market, and location as features of a model."""
