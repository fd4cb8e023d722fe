"""The department with a little work behind it, as the tests of the product have it."""

from tests.handlers.product.conftest import product

__all__ = ["product"]
