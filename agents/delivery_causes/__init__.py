"""Why work is late: what holds stories up, since when, whose it is, and how many days it costs."""
