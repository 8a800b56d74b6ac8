// An empty module: what Node itself takes.
