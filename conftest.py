"""Loads the plugin that a project with pages to test loads; see docs/testing.md."""

pytest_plugins = ["mock_server.testing.plugin"]
