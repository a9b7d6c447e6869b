-- +goose Up
-- What was written to a device is an event of it.
ALTER TABLE device_events DROP CONSTRAINT device_event_kind;
ALTER TABLE device_events ADD CONSTRAINT device_event_kind
    CHECK (kind IN ('trap', 'contact', 'restarted', 'exchanged', 'points-appeared', 'points-vanished', 'counter-reset', 'counter-wrapped', 'control'));

-- +goose Down
DELETE FROM device_events WHERE kind = 'control';
ALTER TABLE device_events DROP CONSTRAINT device_event_kind;
ALTER TABLE device_events ADD CONSTRAINT device_event_kind
    CHECK (kind IN ('trap', 'contact', 'restarted', 'exchanged', 'points-appeared', 'points-vanished', 'counter-reset', 'counter-wrapped'));
