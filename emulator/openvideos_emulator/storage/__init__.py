"""Where the state is kept: the tables, what is asked of them, and the databases that hold them."""
