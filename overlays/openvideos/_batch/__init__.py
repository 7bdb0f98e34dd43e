"""`openvideos batch`: many videos from one file, through kills and restarts, each billed once.

`lines.py` reads the file. `tables.py`, `rows.py`, `queries.py` and `lost_answers.py` are the
ledger, and `database.py` opens it. `recovery.py` decides about creates whose answer was lost,
`throttle.py` about a server that takes no more. `worker.py` does the work, `report.py` tells what
came of it, `running.py` puts them together, and `command.py` is the command.
"""
