-- +goose Up
-- Whether a device may be written, and with which credential: no by default.
ALTER TABLE devices ADD COLUMN control_allowed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE devices ADD COLUMN control_credential_id INTEGER REFERENCES credentials (id);
CREATE INDEX devices_control_credential ON devices (control_credential_id);

-- Requests outlive devices, sites and users: what was done is kept in words.
CREATE TABLE control_requests (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id    INTEGER REFERENCES devices (id) ON DELETE SET NULL,
    device_name  TEXT NOT NULL,
    site_id      INTEGER REFERENCES sites (id) ON DELETE SET NULL,
    generation   INTEGER NOT NULL,
    control      TEXT NOT NULL CONSTRAINT control_request_control CHECK (control <> ''),
    label        TEXT NOT NULL DEFAULT '',
    kind         TEXT NOT NULL CONSTRAINT control_request_kind CHECK (kind IN ('command', 'set-point')),
    option_name  TEXT NOT NULL DEFAULT '',
    value        REAL,
    class        TEXT NOT NULL DEFAULT '',
    target       TEXT NOT NULL,
    raw          TEXT NOT NULL,
    before_value TEXT NOT NULL DEFAULT '',
    reason       TEXT NOT NULL CONSTRAINT control_request_reason CHECK (reason <> ''),
    state        TEXT NOT NULL CONSTRAINT control_request_state CHECK (state IN ('requested', 'confirmed', 'executing',
                 'done', 'failed', 'outcome-unknown', 'rejected', 'expired', 'cancelled')),
    requester_id INTEGER NOT NULL REFERENCES users (id),
    requester    TEXT NOT NULL,
    requested_at DATETIME NOT NULL,
    expires_at   DATETIME NOT NULL,
    decider_id   INTEGER REFERENCES users (id),
    decider      TEXT NOT NULL DEFAULT '',
    decided_at   DATETIME,
    started_at   DATETIME,
    ended_at     DATETIME,
    result       TEXT NOT NULL DEFAULT '',
    CONSTRAINT control_request_ended CHECK ((state IN ('requested', 'confirmed', 'executing')) = (ended_at IS NULL)),
    CONSTRAINT control_request_value CHECK ((kind = 'set-point') = (value IS NOT NULL)),
    -- Nothing is written for one person alone.
    CONSTRAINT control_request_two_persons CHECK (state NOT IN ('confirmed', 'executing', 'done', 'outcome-unknown')
               OR decider_id IS NOT NULL AND decider_id <> requester_id)
);
CREATE INDEX control_requests_device ON control_requests (device_id, id);
CREATE INDEX control_requests_started ON control_requests (started_at);
-- One request for one control of one device at a time.
CREATE UNIQUE INDEX control_requests_open ON control_requests (device_id, control) WHERE state IN ('requested', 'confirmed', 'executing');

-- +goose Down
DROP TABLE control_requests;
DROP INDEX devices_control_credential;
ALTER TABLE devices DROP COLUMN control_credential_id;
ALTER TABLE devices DROP COLUMN control_allowed;
