"""Requests that are generated from the contract, and the model of what must be there."""
