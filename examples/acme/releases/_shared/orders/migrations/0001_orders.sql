-- Three hundred accounts with twenty orders each, one to five items an order.
CREATE TABLE orders (
    id integer PRIMARY KEY,
    account integer NOT NULL,
    placed timestamptz NOT NULL,
    state text NOT NULL,
    total numeric(12, 2) NOT NULL
);

CREATE TABLE items (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    order_id integer NOT NULL REFERENCES orders,
    product text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL
);

CREATE TABLE refunds (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    item_id integer NOT NULL REFERENCES items,
    amount numeric(12, 2) NOT NULL
);

CREATE INDEX ON orders (account, placed DESC);
CREATE INDEX ON items (order_id);
CREATE INDEX ON refunds (item_id);

INSERT INTO orders (id, account, placed, state, total)
SELECT n, n % 300, timestamptz '2026-11-01' - n * interval '7 minutes',
       (ARRAY['delivered', 'delivered', 'sent', 'placed'])[n % 4 + 1], 0
FROM generate_series(1, 6000) AS n;

INSERT INTO items (order_id, product, quantity, unit_price)
SELECT orders.id, 'P-' || (orders.id * 7 + k * 13) % 400, 1 + (orders.id + k) % 3,
       ((orders.id * 31 + k * 17) % 9000 + 100) / 100.0
FROM orders, generate_series(1, 5) AS k
WHERE k <= orders.id % 5 + 1;

INSERT INTO refunds (item_id, amount)
SELECT id, unit_price FROM items WHERE id % 20 = 0;

UPDATE orders SET total = worth
FROM (SELECT order_id, sum(quantity * unit_price) AS worth FROM items GROUP BY order_id) AS summed
WHERE order_id = orders.id;

ANALYZE orders, items, refunds;
