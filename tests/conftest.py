"""How property tests run: the same examples each time, and no stopwatch, for machines are busy.

``python -m tools.fuzz`` looks for new ones.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
