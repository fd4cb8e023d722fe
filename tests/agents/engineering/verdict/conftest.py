"""The planted projects bring tests of their own, which are not ours."""

collect_ignore = ["planted/tariff", "planted/tickets"]
