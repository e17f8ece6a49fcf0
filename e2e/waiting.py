"""Waiting, as the plugin does it."""

from mock_server.testing.waiting import eventually

__all__ = ["eventually"]
