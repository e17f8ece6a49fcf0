"""How patient a connection is, as data. Durations in seconds."""

from dataclasses import dataclass, fields

from pilito.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The numbers of the reconnect guide and of ``docs/design.md``. A wrong one stops the application at start."""

    max_attempts: int = 5  # dials after the first one, before only a wake or the user dials
    first_delay: float = 2.0  # before the first attempt; each further one waits twice as long
    longest_delay: float = 30.0  # where the doubling stops
    jitter: float = 0.2  # share of the delay, up or down, so that a fleet does not dial in step
    throttled_delay: float = 60.0  # the least wait when the server's allowance is used up
    longest_retry_after: float = 600.0  # a server that asks for more is not believed
    token: float = 20.0  # for a token to come
    handshake: float = 10.0  # for the socket to open, and again for the first frame
    stalled_handshake: float = 30.0  # for the first frame, where HTTP says that the server is well
    uptime: float = 10.0  # READY for so long forgives earlier failures
    idle: float = 25.0  # silence before the probe
    probe: float = 10.0  # for the answer to a probe
    wake_probe: float = 3.0  # the same after a wake
    stall: float = 60.0  # silence after a probe, where HTTP says that the server is well
    second_kick: float = 300.0  # replaced again within this time: only the user dials
    second_refusal: float = 60.0  # token refused again within this time after a refresh: it is final

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise ConfigurationError(field.name, f"must be a number of at least 0, not {value!r}")
        if not isinstance(self.max_attempts, int):
            raise ConfigurationError("max_attempts", f"must be a whole number, not {self.max_attempts!r}")
        if self.jitter >= 1:
            raise ConfigurationError("jitter", f"must be below 1, not {self.jitter!r}")
        if self.longest_delay < self.first_delay:
            raise ConfigurationError("longest_delay", "must not be below first_delay")
        for name in ("first_delay", "handshake", "token", "idle", "probe", "wake_probe"):
            if getattr(self, name) == 0:
                raise ConfigurationError(name, "must be above 0, or the client would never rest")
