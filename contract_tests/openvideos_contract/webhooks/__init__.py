"""What a server tells of its own accord: receives webhooks, and verifies them as they come."""
