-- Two thousand readings, the same in every environment, for the report to count.
INSERT INTO reading (sensor, taken_at, value)
SELECT (ARRAY['north', 'east', 'south', 'west'])[1 + n % 4], timestamptz '2026-01-01 00:00Z' + n * interval '5 minutes', 15 + 10 * sin(n / 50.0)
FROM generate_series(0, 1999) AS n;
