ALTER TABLE orders ADD COLUMN total_minor bigint;
UPDATE orders SET total_minor = (total * 100)::bigint;
ALTER TABLE orders ALTER COLUMN total_minor SET NOT NULL, DROP COLUMN total;
