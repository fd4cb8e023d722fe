"""What a CalDAV server is asked (RFC 4791, 7.8 to 7.10)."""

from __future__ import annotations

from integrations.calendar.invitation import GRANT

DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"
FREE_BUSY = """<?xml version="1.0" encoding="utf-8"?>
<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="{starts}" end="{ends}"/>
</C:free-busy-query>"""
QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><C:calendar-data>{data}</C:calendar-data></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{what}</C:comp-filter></C:comp-filter>
</C:filter></C:calendar-query>"""
EACH_TIME = '<C:expand start="{starts}" end="{ends}"/>'
"""Of what repeats, each time that it takes place, in UTC."""

TIMES = (
    '<C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="DTSTART"/><C:prop name="DTEND"/>'
    '<C:prop name="DURATION"/><C:prop name="RRULE"/><C:prop name="EXDATE"/></C:comp></C:comp>'
)
"""Of an event no more than when it is; a server may answer with more."""

NO_ZONE = (
    '<C:prop-filter name="DTSTART"><C:param-filter name="TZID"><C:is-not-defined/></C:param-filter>'
    "</C:prop-filter>"
)
"""Events whose beginning names no zone: days, times without one, and times in UTC."""

WITHIN = '<C:time-range start="{starts}" end="{ends}"/>'
OF_GRANT = f'<C:prop-filter name="{GRANT}"><C:text-match>{{grant}}</C:text-match></C:prop-filter>'
