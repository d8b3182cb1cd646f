"""The study of catchments: who reaches a place in time along the streets, and who does not."""
