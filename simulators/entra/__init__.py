"""Microsoft Entra: an authority on 127.0.0.1 that msal talks to over TLS, as to the real one.

Its certificate is made on the spot; `REQUESTS_CA_BUNDLE` and `SSL_CERT_FILE` let the libraries trust it.
"""

from simulators.entra.server import CLIENT_ID, CLIENT_SECRET, FakeEntra, serving

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "FakeEntra", "serving"]
