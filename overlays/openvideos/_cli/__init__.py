"""The commands that make, watch and fetch videos: `openvideos create`, `wait`, `list` and so on.

Each command is a module of its name with a Typer application `app`. They use the client as anyone
does; what they share stands beside them.
"""
