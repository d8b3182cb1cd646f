"""The study of deliveries: which vehicle goes where, and when, and what happens if drives take longer."""
