"""A deterministic world around the application's own code: one seed, one run. ``python -m simulator`` runs many.

Browsers, a network and a server on a virtual clock, users who press everything, and what must hold after every event.
"""
