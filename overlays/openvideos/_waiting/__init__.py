"""One job: its handle, the waiting for it, and the search for one whose create was lost."""
