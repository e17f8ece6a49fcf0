"""Live data over WebSockets that can be trusted, in Python, in the browser."""
