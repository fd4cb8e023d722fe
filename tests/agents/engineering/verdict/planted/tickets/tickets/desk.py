import logging

log = logging.getLogger("tickets.desk")
PAGE_SIZE = 20
STATES = ("open", "waiting", "closed")


class Forbidden(Exception):
    pass


class Desk:
    """Tickets in memory; whoever is an agent may open and close them."""

    def __init__(self, agents):
        self.agents = set(agents)
        self.tickets = []

    def _require_agent(self, user):
        if user not in self.agents:
            raise Forbidden(user)

    def open(self, user, title, priority=3):
        self._require_agent(user)
        title = title.strip()
        if not title:
            raise ValueError("a ticket needs a title")
        ticket = {"id": len(self.tickets) + 1, "title": title, "state": "open", "priority": priority}
        self.tickets.append(ticket)
        log.info("ticket_opened id=%d priority=%d", ticket["id"], priority)
        return dict(ticket)

    def close(self, user, ticket_id):
        self._require_agent(user)
        for ticket in self.tickets:
            if ticket["id"] == ticket_id:
                ticket["state"] = "closed"
                return dict(ticket)
        return None

    def page(self, number=1, state=None):
        chosen = [dict(t) for t in self.tickets if state is None or t["state"] == state]
        start = (number - 1) * PAGE_SIZE
        return chosen[start : start + PAGE_SIZE]
