-- The shop: what it sells, and what it pays. Everything belongs to shop_owner.
SET ROLE shop_owner;

CREATE SCHEMA sales;
CREATE TABLE sales.orders (id bigint PRIMARY KEY, customer text NOT NULL, cents bigint NOT NULL);
INSERT INTO sales.orders SELECT n, 'customer ' || n, n * 100 FROM generate_series(1, 42) AS n;
CREATE TABLE sales.refunds (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES sales.orders);

CREATE SCHEMA hr;
CREATE TABLE hr.salaries (name text PRIMARY KEY, cents bigint NOT NULL);
INSERT INTO hr.salaries VALUES ('carol', 700000), ('dave', 600000);

CREATE SCHEMA reports;
CREATE VIEW reports.revenue AS SELECT sum(cents) AS cents FROM sales.orders;
GRANT USAGE ON SCHEMA reports TO shop_reports;
GRANT SELECT ON reports.revenue TO shop_reports;

GRANT USAGE ON SCHEMA sales TO shop_admin;
GRANT ALL ON ALL TABLES IN SCHEMA sales TO shop_admin;
