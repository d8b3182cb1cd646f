"""What the forecasting studies share: settings, the words of their reports, and how new rows are taken in."""
