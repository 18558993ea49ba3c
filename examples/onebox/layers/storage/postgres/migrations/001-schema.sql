-- The tables of the platform, and what the services' role may do with them.
CREATE TABLE migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE greeting (id integer PRIMARY KEY, body text NOT NULL, written_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE reading (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor   text NOT NULL,
  taken_at timestamptz NOT NULL,
  value    numeric(6, 2) NOT NULL
);

GRANT SELECT ON greeting TO :"role";
GRANT SELECT, INSERT ON reading TO :"role";
