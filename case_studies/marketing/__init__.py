"""The study of marketing: from what was spent and sold to a budget for each channel."""
