"""What a deployment tells people and programs while it goes on; it never waits for them, and never fails by them."""
