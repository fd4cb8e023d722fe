"""Serve orders on this machine."""

from wsgiref.simple_server import make_server

from orders.app import application
from orders.book import Book

with make_server("127.0.0.1", 8080, application(Book())) as server:
    server.serve_forever()
