import json
import unittest

from tickets.api import handle
from tickets.desk import Desk, Forbidden
from tickets.export import to_csv, to_lines


class DeskTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(["ada"])

    def test_open(self):
        ticket = self.desk.open("ada", "  Printer on fire ")
        self.assertEqual(ticket, {"id": 1, "title": "Printer on fire", "state": "open", "priority": 3})

    def test_needs_title(self):
        with self.assertRaises(ValueError):
            self.desk.open("ada", "  ")

    def test_strangers_cannot_open(self):
        with self.assertRaises(Forbidden):
            self.desk.open("eve", "x")

    def test_strangers_cannot_close(self):
        self.desk.open("ada", "x")
        with self.assertRaises(Forbidden):
            self.desk.close("eve", 1)

    def test_close(self):
        self.desk.open("ada", "x")
        self.assertEqual(self.desk.close("ada", 1)["state"], "closed")
        self.assertIsNone(self.desk.close("ada", 9))

    def test_pages(self):
        for n in range(25):
            self.desk.open("ada", f"t{n}")
        self.assertEqual(len(self.desk.page(1)), 20)
        self.assertEqual([t["title"] for t in self.desk.page(2)], ["t20", "t21", "t22", "t23", "t24"])


class ApiTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(["ada"])

    def test_post(self):
        status, headers, text = handle(self.desk, "POST", "/tickets", "ada", '{"title": "x"}')
        self.assertEqual(status, 201)
        self.assertEqual(headers["X-Api-Version"], "2024-05")
        self.assertEqual(json.loads(text)["state"], "open")

    def test_post_without_title(self):
        status, _, text = handle(self.desk, "POST", "/tickets", "ada", "{}")
        self.assertEqual((status, json.loads(text)["error"]), (400, "title_missing"))

    def test_forbidden(self):
        self.assertEqual(handle(self.desk, "POST", "/tickets", "eve", '{"title": "x"}')[0], 403)

    def test_get(self):
        self.desk.open("ada", "x")
        status, _, text = handle(self.desk, "GET", "/tickets", "eve", query={"state": "open"})
        self.assertEqual(status, 200)
        self.assertEqual(len(json.loads(text)["items"]), 1)
        self.assertEqual(handle(self.desk, "GET", "/tickets", "eve", query={"state": "lost"})[0], 400)

    def test_unknown_path(self):
        self.assertEqual(handle(self.desk, "GET", "/nothing", "ada")[0], 404)


class ExportTest(unittest.TestCase):
    TICKETS = [{"id": 1, "title": "a", "state": "open"}]

    def test_csv(self):
        self.assertEqual(to_csv(self.TICKETS), "id;title;state\r\n1;a;open\r\n")

    def test_lines(self):
        self.assertEqual(json.loads(to_lines(self.TICKETS))["v"], 1)
