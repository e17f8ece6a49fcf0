"""Side-by-side measurements: every contender from the same server to the same browser, in turn.

    python -m bench NAME        run one bench; writes ``bench/results/NAME.json`` and ``NAME.svg``
    python -m bench             run them all, and print the table of targets
    python -m bench table       print the table from the results that are there, and write it into the docs

A bench is a module with ``TITLE`` and ``run(lab: Lab) -> Report``, and with ``routes(backend)`` where it needs more
than the lab serves. It measures its contenders in turn, as :func:`bench.samples.alternate` does, and names its rows of
the table as :class:`bench.report.Target`.
"""
