"""The conformance suite: holds any server to the contract of the Videos protocol.

It speaks raw HTTP and knows the contract only; neither the client nor the emulator is in it.
Start it with `openvideos conform`, or as plain pytest:

    pytest -p openvideos_contract.plugin --pyargs openvideos_contract --openvideos-url URL
"""
