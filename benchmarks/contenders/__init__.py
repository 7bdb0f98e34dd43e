"""Those who are measured: a module each, with a function for each measurement.

A function gets how often to do its work, and `start`, which it calls when what shall not count is
done. What it returns stands in the report beside what it cost.
"""
