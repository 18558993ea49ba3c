-- The row that the front page shows; written once, and again where it was lost.
INSERT INTO greeting (id, body) VALUES (1, 'Hello from the database of ' || :'environment') ON CONFLICT DO NOTHING;
