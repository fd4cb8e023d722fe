import json

from tickets.desk import STATES, Forbidden

API_VERSION = "2024-05"


def handle(desk, method, path, user, body=None, query=None):
    """The answer to one request: status, headers, text."""
    headers = {"Content-Type": "application/json", "X-Api-Version": API_VERSION}
    query = query or {}
    if (method, path) == ("GET", "/tickets"):
        state = query.get("state")
        if state is not None and state not in STATES:
            return 400, headers, json.dumps({"error": "unknown_state"})
        page = int(query.get("page", 1))
        return 200, headers, json.dumps({"items": desk.page(page, state), "page": page})
    if (method, path) == ("POST", "/tickets"):
        fields = json.loads(body)
        if "title" not in fields:
            return 400, headers, json.dumps({"error": "title_missing"})
        try:
            ticket = desk.open(user, fields["title"], fields.get("priority", 3))
        except Forbidden:
            return 403, headers, json.dumps({"error": "forbidden"})
        return 201, headers, json.dumps(ticket)
    return 404, headers, json.dumps({"error": "not_found"})
