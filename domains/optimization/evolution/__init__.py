"""Searches: problems of any variables, and the engines that look for their best."""
