"""What all tests share: examples that are the same in each run, no time limits, and Ctrl-C."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repository",
    derandomize=True,
    deadline=None,  # the machine may be busy
    suppress_health_check=[HealthCheck.too_slow],  # likewise
)
settings.load_profile("repository")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
