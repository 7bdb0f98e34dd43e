# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""Contains endpoint functions for accessing the API"""
