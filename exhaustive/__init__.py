"""The connection's machine, tried in every order of events, to closure, for small bounds: ``python -m exhaustive``.

A breadth-first search over everything that ``pilito.protocol.Protocol`` remembers, times everything that may happen to
it. Time is one of the events: it passes by whole units, and a timer that is due may fire now or ever later, as in a
hidden tab. Clocks are kept as ages and remainders and stop counting where the machine stops telling them apart;
together with a policy of small numbers this makes the search end.

What may happen is what a browser can do: a token comes only when one was asked for, a frame only from an open socket.
Under that rule no pair of state and event is undecided, every row of the table and every target that it names is
reached, and the properties in ``properties.py`` hold on every edge and from every node.
"""
