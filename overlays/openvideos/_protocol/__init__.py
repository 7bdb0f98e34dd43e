"""What is sent, and what answers mean."""
