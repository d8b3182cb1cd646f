"""What is known of items, and how alike they are by it."""
