-- +goose Up
-- What was written to a device is an event of it. SQLite cannot change a
-- constraint, so the table is made anew.
ALTER TABLE device_events RENAME TO device_events_before;
CREATE TABLE device_events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms   INTEGER NOT NULL,
    device_id INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL CONSTRAINT device_event_kind
              CHECK (kind IN ('trap', 'contact', 'restarted', 'exchanged', 'points-appeared', 'points-vanished', 'counter-reset', 'counter-wrapped', 'control')),
    severity  TEXT NOT NULL CONSTRAINT device_event_severity CHECK (severity IN ('ok', 'info', 'warning', 'critical', 'unknown')),
    name      TEXT NOT NULL DEFAULT '',
    text      TEXT NOT NULL DEFAULT '',
    clears    TEXT NOT NULL DEFAULT '',
    source    TEXT NOT NULL DEFAULT '',
    point_key TEXT NOT NULL DEFAULT '',
    variables TEXT
);
INSERT INTO device_events (id, time_ms, device_id, kind, severity, name, text, clears, source, point_key, variables)
    SELECT id, time_ms, device_id, kind, severity, name, text, clears, source, point_key, variables FROM device_events_before ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'device_events';
INSERT INTO sqlite_sequence (name, seq) SELECT 'device_events', seq FROM sqlite_sequence WHERE name = 'device_events_before';
DROP TABLE device_events_before;
CREATE INDEX device_events_time ON device_events (time_ms, id);
CREATE INDEX device_events_device ON device_events (device_id, severity, time_ms, id);
CREATE INDEX device_events_device_time ON device_events (device_id, time_ms, id);

-- +goose Down
DELETE FROM device_events WHERE kind = 'control';
ALTER TABLE device_events RENAME TO device_events_before;
CREATE TABLE device_events (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms   INTEGER NOT NULL,
    device_id INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL CONSTRAINT device_event_kind
              CHECK (kind IN ('trap', 'contact', 'restarted', 'exchanged', 'points-appeared', 'points-vanished', 'counter-reset', 'counter-wrapped')),
    severity  TEXT NOT NULL CONSTRAINT device_event_severity CHECK (severity IN ('ok', 'info', 'warning', 'critical', 'unknown')),
    name      TEXT NOT NULL DEFAULT '',
    text      TEXT NOT NULL DEFAULT '',
    clears    TEXT NOT NULL DEFAULT '',
    source    TEXT NOT NULL DEFAULT '',
    point_key TEXT NOT NULL DEFAULT '',
    variables TEXT
);
INSERT INTO device_events (id, time_ms, device_id, kind, severity, name, text, clears, source, point_key, variables)
    SELECT id, time_ms, device_id, kind, severity, name, text, clears, source, point_key, variables FROM device_events_before ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'device_events';
INSERT INTO sqlite_sequence (name, seq) SELECT 'device_events', seq FROM sqlite_sequence WHERE name = 'device_events_before';
DROP TABLE device_events_before;
CREATE INDEX device_events_time ON device_events (time_ms, id);
CREATE INDEX device_events_device ON device_events (device_id, severity, time_ms, id);
CREATE INDEX device_events_device_time ON device_events (device_id, time_ms, id);
