"""`openvideos batch`: many videos from one file, through kills and restarts, each billed once.

`lines.py` reads the file, `tables.py` and `queries.py` are the ledger, `database.py` opens it,
`recovery.py` decides about creates whose answer was lost, `worker.py` does the work, `report.py`
tells what came of it, and `command.py` is the command.
"""
