"""A backend that behaves like the real one in every version, and misbehaves on command.

Run it with ``python -m mock_server``, or use :class:`mock_server.server.MockServer` in a test.
"""
