-- +goose Up
CREATE TABLE discovery_ranges (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id     INTEGER NOT NULL REFERENCES sites (id),
    name        TEXT NOT NULL CONSTRAINT discovery_range_name CHECK (name <> ''),
    ranges      TEXT NOT NULL,
    units       TEXT NOT NULL DEFAULT '',
    snmp_port   INTEGER NOT NULL DEFAULT 161 CONSTRAINT discovery_range_snmp_port CHECK (snmp_port BETWEEN 1 AND 65535),
    modbus_port INTEGER NOT NULL DEFAULT 502 CONSTRAINT discovery_range_modbus_port CHECK (modbus_port BETWEEN 1 AND 65535),
    modbus_rtu  BOOLEAN NOT NULL DEFAULT FALSE,
    rate        INTEGER NOT NULL DEFAULT 50 CONSTRAINT discovery_range_rate CHECK (rate BETWEEN 1 AND 1000),
    interval_h  INTEGER NOT NULL DEFAULT 0 CONSTRAINT discovery_range_interval CHECK (interval_h BETWEEN 0 AND 8760),
    enabled     BOOLEAN NOT NULL DEFAULT TRUE,
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX discovery_ranges_name ON discovery_ranges (name);
CREATE INDEX discovery_ranges_site ON discovery_ranges (site_id);

-- The credentials of a range in the order in which they are tried.
CREATE TABLE discovery_range_credentials (
    range_id      INTEGER NOT NULL REFERENCES discovery_ranges (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    credential_id INTEGER NOT NULL REFERENCES credentials (id),
    PRIMARY KEY (range_id, position),
    CONSTRAINT discovery_range_credential_once UNIQUE (range_id, credential_id)
);
CREATE INDEX discovery_range_credentials_credential ON discovery_range_credentials (credential_id);

CREATE TABLE discovery_runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    range_id      INTEGER NOT NULL REFERENCES discovery_ranges (id) ON DELETE CASCADE,
    state         TEXT NOT NULL CONSTRAINT discovery_run_state CHECK (state IN ('running', 'done', 'cancelled', 'failed', 'interrupted')),
    started_at    DATETIME NOT NULL,
    ended_at      DATETIME,
    addresses     INTEGER NOT NULL DEFAULT 0,
    done          INTEGER NOT NULL DEFAULT 0,
    skipped       INTEGER NOT NULL DEFAULT 0,
    found         INTEGER NOT NULL DEFAULT 0,
    left_ms       INTEGER,
    new_count     INTEGER,
    changed_count INTEGER,
    gone_count    INTEGER,
    error         TEXT NOT NULL DEFAULT '',
    actor         TEXT NOT NULL DEFAULT '',
    CONSTRAINT discovery_run_ended CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX discovery_runs_range ON discovery_runs (range_id, id);
-- One scan of a range at a time.
CREATE UNIQUE INDEX discovery_runs_running ON discovery_runs (range_id) WHERE state = 'running';

-- run_id outlives its run: old runs are forgotten.
CREATE TABLE discovery_findings (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    range_id      INTEGER NOT NULL REFERENCES discovery_ranges (id) ON DELETE CASCADE,
    run_id        INTEGER NOT NULL,
    -- address_order sorts addresses as numbers.
    address_order TEXT NOT NULL,
    address       TEXT NOT NULL CONSTRAINT discovery_finding_address CHECK (address <> ''),
    transport     TEXT NOT NULL CONSTRAINT discovery_finding_transport CHECK (transport IN ('snmp', 'modbus')),
    protocol      TEXT NOT NULL CONSTRAINT discovery_finding_protocol
                  CHECK (protocol IN ('snmp-v1', 'snmp-v2c', 'snmp-v3', 'modbus-tcp', 'modbus-rtu-tcp')),
    unit_id       INTEGER NOT NULL DEFAULT 0 CONSTRAINT discovery_finding_unit CHECK (unit_id BETWEEN 0 AND 255),
    credential_id INTEGER REFERENCES credentials (id) ON DELETE SET NULL,
    vendor        TEXT NOT NULL DEFAULT '',
    model         TEXT NOT NULL DEFAULT '',
    serial        TEXT NOT NULL DEFAULT '',
    firmware      TEXT NOT NULL DEFAULT '',
    mac           TEXT NOT NULL DEFAULT '',
    sys_name      TEXT NOT NULL DEFAULT '',
    sys_object_id TEXT NOT NULL DEFAULT '',
    sys_descr     TEXT NOT NULL DEFAULT '',
    kind          TEXT NOT NULL DEFAULT '',
    profile       TEXT NOT NULL DEFAULT '',
    confidence    TEXT NOT NULL CONSTRAINT discovery_finding_confidence CHECK (confidence IN ('high', 'medium', 'low', 'none')),
    why           TEXT NOT NULL DEFAULT '',
    others        TEXT,
    points        INTEGER,
    problem       TEXT NOT NULL DEFAULT '',
    first_seen_at DATETIME NOT NULL,
    last_seen_at  DATETIME NOT NULL,
    ignored       BOOLEAN NOT NULL DEFAULT FALSE,
    gone_at       DATETIME,
    changed_at    DATETIME,
    changes       TEXT,
    device_id     INTEGER REFERENCES devices (id) ON DELETE SET NULL,
    matched_by    TEXT NOT NULL DEFAULT '' CONSTRAINT discovery_finding_matched_by CHECK (matched_by IN ('', 'address', 'serial')),
    adopted_at    DATETIME,
    search_text   TEXT NOT NULL DEFAULT '',
    CONSTRAINT discovery_finding_once UNIQUE (range_id, address, transport, unit_id)
);
CREATE INDEX discovery_findings_order ON discovery_findings (range_id, address_order);
CREATE INDEX discovery_findings_address ON discovery_findings (address, transport, unit_id);
CREATE INDEX discovery_findings_device ON discovery_findings (device_id);
CREATE INDEX discovery_findings_credential ON discovery_findings (credential_id);

-- A device that was given another address is known by its serial number.
CREATE INDEX devices_serial_reported ON devices (serial_reported) WHERE serial_reported <> '';

-- +goose Down
DROP INDEX devices_serial_reported;
DROP TABLE discovery_findings;
DROP TABLE discovery_runs;
DROP TABLE discovery_range_credentials;
DROP TABLE discovery_ranges;
