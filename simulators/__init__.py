"""Other people's services, at the wire: for tests, for trying the product without an account, for benchmarks.

They know their services' protocols and limits and nothing of the product, which never imports them.
"""
