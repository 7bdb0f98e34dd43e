# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""Contains methods for accessing the API"""
