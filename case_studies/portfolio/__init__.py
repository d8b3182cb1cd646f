"""The study of portfolios: from a table of prices to what to buy."""
