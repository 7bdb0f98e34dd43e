"""What all tests share: hypothesis draws the same examples in each run, and is never timed."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repository",
    derandomize=True,
    deadline=None,  # the machine may be busy
    suppress_health_check=[HealthCheck.too_slow],  # likewise
)
settings.load_profile("repository")
