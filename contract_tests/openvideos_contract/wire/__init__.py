"""What goes over the wire: the one gate that every request leaves through, and its budget."""
