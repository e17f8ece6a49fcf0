"""What tests of pages need: ``pytest_plugins = ["mock_server.testing.plugin"]`` in a project's topmost ``conftest.py``.

``python -m pytest --help`` lists the options under "pilito", ``--fixtures`` the fixtures; docs/testing.md shows them
in use.
"""
