-- +goose Up
CREATE TABLE sites (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL DEFAULT 'active' CONSTRAINT site_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    facility    TEXT NOT NULL DEFAULT '',
    time_zone   TEXT NOT NULL DEFAULT '',
    address     TEXT NOT NULL DEFAULT '',
    latitude    REAL CONSTRAINT site_latitude CHECK (latitude BETWEEN -90 AND 90),
    longitude   REAL CONSTRAINT site_longitude CHECK (longitude BETWEEN -180 AND 180),
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT site_name CHECK (name <> '')
);
CREATE UNIQUE INDEX sites_name ON sites (name);

CREATE TABLE locations (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id     INTEGER NOT NULL REFERENCES sites (id),
    parent_id   INTEGER,
    name        TEXT NOT NULL CONSTRAINT location_name CHECK (name <> ''),
    kind        TEXT NOT NULL CONSTRAINT location_kind CHECK (kind IN ('building', 'floor', 'room', 'zone')),
    status      TEXT NOT NULL DEFAULT 'active' CONSTRAINT location_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    width_m     REAL NOT NULL DEFAULT 0 CONSTRAINT location_width CHECK (width_m >= 0 AND width_m <= 2000),
    depth_m     REAL NOT NULL DEFAULT 0 CONSTRAINT location_depth CHECK (depth_m >= 0 AND depth_m <= 2000),
    tile_m      REAL NOT NULL DEFAULT 0 CONSTRAINT location_tile CHECK (tile_m >= 0 AND tile_m <= 10),
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT location_in_site UNIQUE (id, site_id),
    CONSTRAINT location_parent FOREIGN KEY (parent_id, site_id) REFERENCES locations (id, site_id),
    CONSTRAINT location_not_own_parent CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX locations_name ON locations (site_id, COALESCE(parent_id, 0), name);
CREATE INDEX locations_parent ON locations (parent_id);

CREATE TABLE rack_rows (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    location_id  INTEGER NOT NULL REFERENCES locations (id),
    name         TEXT NOT NULL CONSTRAINT row_name CHECK (name <> ''),
    x_m          REAL,
    y_m          REAL,
    rotation_deg REAL NOT NULL DEFAULT 0 CONSTRAINT row_rotation CHECK (rotation_deg >= 0 AND rotation_deg < 360),
    cold_side    TEXT NOT NULL DEFAULT '' CONSTRAINT row_cold_side CHECK (cold_side IN ('', 'left', 'right')),
    description  TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT row_in_location UNIQUE (id, location_id)
);
CREATE UNIQUE INDEX rack_rows_name ON rack_rows (location_id, name);

CREATE TABLE manufacturers (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL CONSTRAINT manufacturer_name CHECK (name <> ''),
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX manufacturers_name ON manufacturers (name);

CREATE TABLE rack_types (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    manufacturer_id INTEGER NOT NULL REFERENCES manufacturers (id),
    model           TEXT NOT NULL CONSTRAINT rack_type_model CHECK (model <> ''),
    u_height        INTEGER NOT NULL CONSTRAINT rack_type_u_height CHECK (u_height BETWEEN 1 AND 100),
    width_mm        INTEGER NOT NULL DEFAULT 0 CONSTRAINT rack_type_width CHECK (width_mm BETWEEN 0 AND 10000),
    depth_mm        INTEGER NOT NULL DEFAULT 0 CONSTRAINT rack_type_depth CHECK (depth_mm BETWEEN 0 AND 10000),
    height_mm       INTEGER NOT NULL DEFAULT 0 CONSTRAINT rack_type_height CHECK (height_mm BETWEEN 0 AND 10000),
    weight_kg       REAL NOT NULL DEFAULT 0 CONSTRAINT rack_type_weight CHECK (weight_kg >= 0),
    max_weight_kg   REAL NOT NULL DEFAULT 0 CONSTRAINT rack_type_max_weight CHECK (max_weight_kg >= 0),
    description     TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX rack_types_model ON rack_types (manufacturer_id, model);

CREATE TABLE racks (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id         INTEGER NOT NULL REFERENCES sites (id),
    location_id     INTEGER NOT NULL,
    row_id          INTEGER,
    rack_type_id    INTEGER REFERENCES rack_types (id),
    name            TEXT NOT NULL CONSTRAINT rack_name CHECK (name <> ''),
    status          TEXT NOT NULL DEFAULT 'active' CONSTRAINT rack_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    position_in_row INTEGER NOT NULL DEFAULT 0 CONSTRAINT rack_position_in_row CHECK (position_in_row >= 0),
    x_m             REAL,
    y_m             REAL,
    rotation_deg    REAL NOT NULL DEFAULT 0 CONSTRAINT rack_rotation CHECK (rotation_deg >= 0 AND rotation_deg < 360),
    width_mm        INTEGER NOT NULL DEFAULT 600 CONSTRAINT rack_width CHECK (width_mm BETWEEN 0 AND 10000),
    depth_mm        INTEGER NOT NULL DEFAULT 1070 CONSTRAINT rack_depth CHECK (depth_mm BETWEEN 0 AND 10000),
    u_height        INTEGER NOT NULL CONSTRAINT rack_u_height CHECK (u_height BETWEEN 1 AND 100),
    starting_unit   INTEGER NOT NULL DEFAULT 1 CONSTRAINT rack_starting_unit CHECK (starting_unit BETWEEN 0 AND 1000),
    desc_units      BOOLEAN NOT NULL DEFAULT FALSE,
    max_weight_kg   REAL NOT NULL DEFAULT 0 CONSTRAINT rack_max_weight CHECK (max_weight_kg >= 0),
    max_power_w     REAL NOT NULL DEFAULT 0 CONSTRAINT rack_max_power CHECK (max_power_w >= 0),
    serial          TEXT NOT NULL DEFAULT '',
    asset_tag       TEXT NOT NULL DEFAULT '',
    description     TEXT NOT NULL DEFAULT '',
    search_text     TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT rack_in_location UNIQUE (id, location_id, site_id),
    CONSTRAINT rack_location FOREIGN KEY (location_id, site_id) REFERENCES locations (id, site_id),
    CONSTRAINT rack_row FOREIGN KEY (row_id, location_id) REFERENCES rack_rows (id, location_id),
    CONSTRAINT rack_on_plan CHECK ((x_m IS NULL) = (y_m IS NULL))
);
CREATE UNIQUE INDEX racks_name ON racks (location_id, name);
CREATE UNIQUE INDEX racks_asset_tag ON racks (asset_tag) WHERE asset_tag <> '';
CREATE INDEX racks_site ON racks (site_id, name);
CREATE INDEX racks_by_name ON racks (name, id);
CREATE INDEX racks_row ON racks (row_id);
CREATE INDEX racks_type ON racks (rack_type_id);

CREATE TABLE device_types (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    manufacturer_id INTEGER NOT NULL REFERENCES manufacturers (id),
    model           TEXT NOT NULL CONSTRAINT device_type_model CHECK (model <> ''),
    part_number     TEXT NOT NULL DEFAULT '',
    kind            TEXT NOT NULL CONSTRAINT device_type_kind CHECK (kind IN ('pdu', 'ups', 'ats', 'meter', 'generator', 'cooling', 'chiller', 'sensor', 'leak', 'dc-power', 'switchboard', 'server', 'network', 'storage', 'other')),
    u_height        REAL NOT NULL CONSTRAINT device_type_u_height
                    CHECK (u_height >= 0 AND u_height <= 100 AND u_height * 2 = CAST(u_height * 2 AS INTEGER)),
    full_depth      BOOLEAN NOT NULL DEFAULT TRUE,
    half_width      BOOLEAN NOT NULL DEFAULT FALSE,
    width_mm        INTEGER NOT NULL DEFAULT 0 CONSTRAINT device_type_width CHECK (width_mm BETWEEN 0 AND 50000),
    depth_mm        INTEGER NOT NULL DEFAULT 0 CONSTRAINT device_type_depth CHECK (depth_mm BETWEEN 0 AND 50000),
    height_mm       INTEGER NOT NULL DEFAULT 0 CONSTRAINT device_type_height CHECK (height_mm BETWEEN 0 AND 50000),
    weight_kg       REAL NOT NULL DEFAULT 0 CONSTRAINT device_type_weight CHECK (weight_kg >= 0),
    rated_power_w   REAL NOT NULL DEFAULT 0 CONSTRAINT device_type_power CHECK (rated_power_w >= 0),
    airflow         TEXT NOT NULL DEFAULT '',
    description     TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX device_types_model ON device_types (manufacturer_id, model);

CREATE TABLE collectors (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL CONSTRAINT collector_name CHECK (name <> ''),
    remote       BOOLEAN NOT NULL DEFAULT FALSE,
    enabled      BOOLEAN NOT NULL DEFAULT TRUE,
    software     TEXT NOT NULL DEFAULT '',
    last_seen_at DATETIME,
    description  TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX collectors_name ON collectors (name);

-- The secret is encrypted before it comes here.
CREATE TABLE credentials (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL CONSTRAINT credential_name CHECK (name <> ''),
    kind       TEXT NOT NULL CONSTRAINT credential_kind CHECK (kind IN ('snmp-community', 'snmp-v3', 'modbus')),
    secret     TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX credentials_name ON credentials (name);

CREATE TABLE devices (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    device_type_id      INTEGER REFERENCES device_types (id),
    name                TEXT NOT NULL CONSTRAINT device_name CHECK (name <> ''),
    kind                TEXT NOT NULL CONSTRAINT device_kind CHECK (kind IN ('pdu', 'ups', 'ats', 'meter', 'generator', 'cooling', 'chiller', 'sensor', 'leak', 'dc-power', 'switchboard', 'server', 'network', 'storage', 'other')),
    status              TEXT NOT NULL DEFAULT 'active' CONSTRAINT device_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    site_id             INTEGER NOT NULL REFERENCES sites (id),
    location_id         INTEGER,
    rack_id             INTEGER,
    position_u          REAL CONSTRAINT device_position_u CHECK (position_u * 2 = CAST(position_u * 2 AS INTEGER)),
    face                TEXT NOT NULL DEFAULT '' CONSTRAINT device_face CHECK (face IN ('', 'front', 'rear')),
    side                TEXT NOT NULL DEFAULT '' CONSTRAINT device_side CHECK (side IN ('', 'left', 'right')),
    zero_u_side         TEXT NOT NULL DEFAULT '' CONSTRAINT device_zero_u_side CHECK (zero_u_side IN ('', 'left', 'right')),
    zero_u_offset       REAL NOT NULL DEFAULT 0 CONSTRAINT device_zero_u_offset CHECK (zero_u_offset >= 0 AND zero_u_offset <= 100),
    x_m                 REAL,
    y_m                 REAL,
    rotation_deg        REAL NOT NULL DEFAULT 0 CONSTRAINT device_rotation CHECK (rotation_deg >= 0 AND rotation_deg < 360),
    serial              TEXT NOT NULL DEFAULT '',
    asset_tag           TEXT NOT NULL DEFAULT '',
    description         TEXT NOT NULL DEFAULT '',
    poll_enabled        BOOLEAN NOT NULL DEFAULT FALSE,
    protocol            TEXT NOT NULL DEFAULT '' CONSTRAINT device_protocol
                        CHECK (protocol IN ('', 'snmp-v1', 'snmp-v2c', 'snmp-v3', 'modbus-tcp', 'modbus-rtu-tcp', 'modbus-rtu')),
    address             TEXT NOT NULL DEFAULT '',
    credential_id       INTEGER REFERENCES credentials (id),
    unit_id             INTEGER NOT NULL DEFAULT 0 CONSTRAINT device_unit_id CHECK (unit_id BETWEEN 0 AND 255),
    profile_override    TEXT NOT NULL DEFAULT '',
    interval_s          INTEGER NOT NULL DEFAULT 0 CONSTRAINT device_interval CHECK (interval_s BETWEEN 0 AND 86400),
    timeout_ms          INTEGER NOT NULL DEFAULT 0 CONSTRAINT device_timeout CHECK (timeout_ms BETWEEN 0 AND 60000),
    collector_id        INTEGER REFERENCES collectors (id),
    vendor              TEXT NOT NULL DEFAULT '',
    model               TEXT NOT NULL DEFAULT '',
    firmware            TEXT NOT NULL DEFAULT '',
    serial_reported     TEXT NOT NULL DEFAULT '',
    mac                 TEXT NOT NULL DEFAULT '',
    sys_name            TEXT NOT NULL DEFAULT '',
    sys_object_id       TEXT NOT NULL DEFAULT '',
    sys_descr           TEXT NOT NULL DEFAULT '',
    profile_matched     TEXT NOT NULL DEFAULT '',
    learned_at          DATETIME,
    identity_changed_at DATETIME,
    identity_note       TEXT NOT NULL DEFAULT '',
    generation          INTEGER NOT NULL DEFAULT 1 CONSTRAINT device_generation CHECK (generation >= 1),
    point_roles         TEXT,
    search_text         TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT device_location FOREIGN KEY (location_id, site_id) REFERENCES locations (id, site_id),
    -- A rack that moves takes its devices along.
    CONSTRAINT device_rack FOREIGN KEY (rack_id, location_id, site_id) REFERENCES racks (id, location_id, site_id)
        ON UPDATE CASCADE,
    CONSTRAINT device_rack_has_location CHECK (rack_id IS NULL OR location_id IS NOT NULL),
    CONSTRAINT device_in_units CHECK (position_u IS NULL OR (rack_id IS NOT NULL AND face <> '' AND zero_u_side = '')),
    CONSTRAINT device_half_width CHECK (side = '' OR position_u IS NOT NULL),
    CONSTRAINT device_zero_u CHECK (zero_u_side = '' OR rack_id IS NOT NULL),
    CONSTRAINT device_on_plan CHECK ((x_m IS NULL) = (y_m IS NULL)),
    CONSTRAINT device_on_floor CHECK (x_m IS NULL OR (rack_id IS NULL AND location_id IS NOT NULL)),
    CONSTRAINT device_polled CHECK (NOT poll_enabled OR (protocol <> '' AND address <> ''))
);
CREATE UNIQUE INDEX devices_name ON devices (site_id, name);
CREATE UNIQUE INDEX devices_asset_tag ON devices (asset_tag) WHERE asset_tag <> '';
CREATE INDEX devices_by_name ON devices (name, id);
CREATE INDEX devices_kind ON devices (kind);
CREATE INDEX devices_location ON devices (location_id);
CREATE INDEX devices_rack ON devices (rack_id);
CREATE INDEX devices_type ON devices (device_type_id);
CREATE INDEX devices_credential ON devices (credential_id);
CREATE INDEX devices_collector ON devices (collector_id);
CREATE INDEX devices_address ON devices (address);

-- What is where, half unit by half unit: two devices cannot be in one place.
CREATE TABLE rack_slots (
    rack_id   INTEGER NOT NULL REFERENCES racks (id) ON DELETE CASCADE,
    half_unit INTEGER NOT NULL,
    face      TEXT NOT NULL CONSTRAINT rack_slot_face CHECK (face IN ('front', 'rear')),
    side      TEXT NOT NULL CONSTRAINT rack_slot_side CHECK (side IN ('left', 'right')),
    device_id INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    CONSTRAINT rack_slot_taken PRIMARY KEY (rack_id, half_unit, face, side)
);
CREATE INDEX rack_slots_device ON rack_slots (device_id);

CREATE TABLE placements (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id   INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    site_id     INTEGER REFERENCES sites (id) ON DELETE SET NULL,
    location_id INTEGER REFERENCES locations (id) ON DELETE SET NULL,
    rack_id     INTEGER REFERENCES racks (id) ON DELETE SET NULL,
    position_u  REAL,
    face        TEXT NOT NULL DEFAULT '',
    place       TEXT NOT NULL,
    from_at     DATETIME NOT NULL,
    to_at       DATETIME,
    actor       TEXT NOT NULL DEFAULT '',
    CONSTRAINT placement_period CHECK (to_at IS NULL OR to_at >= from_at)
);
CREATE UNIQUE INDEX placements_open ON placements (device_id) WHERE to_at IS NULL;
CREATE INDEX placements_device ON placements (device_id, from_at);
CREATE INDEX placements_site ON placements (site_id);
CREATE INDEX placements_location ON placements (location_id);
CREATE INDEX placements_rack ON placements (rack_id);

CREATE TABLE points (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id  INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL DEFAULT 1,
    key        TEXT NOT NULL CONSTRAINT point_key CHECK (key <> ''),
    class      TEXT NOT NULL CONSTRAINT point_class CHECK (class <> ''),
    component  TEXT NOT NULL DEFAULT '',
    label      TEXT NOT NULL DEFAULT '',
    states     TEXT,
    limits     TEXT NOT NULL DEFAULT '{}',
    poll_group TEXT NOT NULL DEFAULT '',
    source     TEXT NOT NULL DEFAULT '',
    role       TEXT NOT NULL DEFAULT '',
    ordinal    INTEGER NOT NULL DEFAULT 0,
    created_at DATETIME NOT NULL,
    retired_at DATETIME,
    CONSTRAINT point_unique UNIQUE (device_id, generation, key, class)
);
CREATE UNIQUE INDEX points_live ON points (device_id, key) WHERE retired_at IS NULL;

CREATE TABLE power_sources (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id      INTEGER NOT NULL REFERENCES sites (id),
    name         TEXT NOT NULL CONSTRAINT power_source_name CHECK (name <> ''),
    kind         TEXT NOT NULL CONSTRAINT power_source_kind CHECK (kind IN ('utility', 'generator', 'renewable', 'battery', 'other')),
    status       TEXT NOT NULL DEFAULT 'active' CONSTRAINT power_source_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    device_id    INTEGER REFERENCES devices (id) ON DELETE SET NULL,
    voltage_v    REAL NOT NULL DEFAULT 0 CONSTRAINT power_source_voltage CHECK (voltage_v >= 0),
    voltage_kind TEXT NOT NULL DEFAULT 'line-line' CONSTRAINT power_source_voltage_kind CHECK (voltage_kind IN ('line-line', 'line-neutral', 'dc')),
    phases       INTEGER NOT NULL DEFAULT 3 CONSTRAINT power_source_phases CHECK (phases IN (1, 3)),
    capacity_va  REAL NOT NULL DEFAULT 0 CONSTRAINT power_source_capacity CHECK (capacity_va >= 0),
    side         TEXT NOT NULL DEFAULT '',
    description  TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX power_sources_name ON power_sources (site_id, name);
CREATE INDEX power_sources_device ON power_sources (device_id);

CREATE TABLE power_panels (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id      INTEGER NOT NULL REFERENCES sites (id),
    location_id  INTEGER,
    name         TEXT NOT NULL CONSTRAINT power_panel_name CHECK (name <> ''),
    kind         TEXT NOT NULL CONSTRAINT power_panel_kind CHECK (kind IN ('main', 'distribution', 'rack', 'busway')),
    status       TEXT NOT NULL DEFAULT 'active' CONSTRAINT power_panel_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    device_id    INTEGER REFERENCES devices (id) ON DELETE SET NULL,
    voltage_v    REAL NOT NULL CONSTRAINT power_panel_voltage CHECK (voltage_v > 0),
    voltage_kind TEXT NOT NULL CONSTRAINT power_panel_voltage_kind CHECK (voltage_kind IN ('line-line', 'line-neutral', 'dc')),
    phases       INTEGER NOT NULL CONSTRAINT power_panel_phases CHECK (phases IN (1, 3)),
    amperage_a   REAL NOT NULL DEFAULT 0 CONSTRAINT power_panel_amperage CHECK (amperage_a >= 0),
    side         TEXT NOT NULL DEFAULT '',
    description  TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT power_panel_location FOREIGN KEY (location_id, site_id) REFERENCES locations (id, site_id)
);
CREATE UNIQUE INDEX power_panels_name ON power_panels (site_id, name);
CREATE INDEX power_panels_location ON power_panels (location_id);
CREATE INDEX power_panels_device ON power_panels (device_id);

CREATE TABLE breakers (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    power_panel_id    INTEGER NOT NULL REFERENCES power_panels (id),
    name              TEXT NOT NULL CONSTRAINT breaker_name CHECK (name <> ''),
    status            TEXT NOT NULL DEFAULT 'active' CONSTRAINT breaker_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    poles             INTEGER NOT NULL CONSTRAINT breaker_poles CHECK (poles BETWEEN 1 AND 4),
    amperage_a        REAL NOT NULL CONSTRAINT breaker_amperage CHECK (amperage_a > 0),
    continuous_factor REAL NOT NULL DEFAULT 0.8 CONSTRAINT breaker_factor CHECK (continuous_factor > 0 AND continuous_factor <= 1),
    factor_reason     TEXT NOT NULL DEFAULT '',
    curve             TEXT NOT NULL DEFAULT '',
    description       TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT breaker_in_panel UNIQUE (id, power_panel_id)
);
CREATE UNIQUE INDEX breakers_name ON breakers (power_panel_id, name);

CREATE TABLE power_feeds (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    power_panel_id  INTEGER NOT NULL REFERENCES power_panels (id),
    breaker_id      INTEGER,
    rack_id         INTEGER REFERENCES racks (id),
    name            TEXT NOT NULL CONSTRAINT power_feed_name CHECK (name <> ''),
    status          TEXT NOT NULL DEFAULT 'active' CONSTRAINT power_feed_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    side            TEXT NOT NULL DEFAULT '',
    phases          INTEGER NOT NULL CONSTRAINT power_feed_phases CHECK (phases IN (1, 3)),
    voltage_v       REAL NOT NULL CONSTRAINT power_feed_voltage CHECK (voltage_v > 0),
    voltage_kind    TEXT NOT NULL CONSTRAINT power_feed_voltage_kind CHECK (voltage_kind IN ('line-line', 'line-neutral', 'dc')),
    amperage_a      REAL NOT NULL CONSTRAINT power_feed_amperage CHECK (amperage_a > 0),
    max_utilization REAL NOT NULL DEFAULT 80 CONSTRAINT power_feed_max_utilization CHECK (max_utilization BETWEEN 1 AND 100),
    description     TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL,
    CONSTRAINT power_feed_breaker FOREIGN KEY (breaker_id, power_panel_id) REFERENCES breakers (id, power_panel_id)
);
CREATE UNIQUE INDEX power_feeds_name ON power_feeds (power_panel_id, name);
CREATE INDEX power_feeds_rack ON power_feeds (rack_id);
CREATE INDEX power_feeds_breaker ON power_feeds (breaker_id);

CREATE TABLE power_ports (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id        INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    name             TEXT NOT NULL CONSTRAINT power_port_name CHECK (name <> ''),
    type             TEXT NOT NULL DEFAULT '',
    maximum_draw_w   REAL NOT NULL DEFAULT 0 CONSTRAINT power_port_maximum CHECK (maximum_draw_w >= 0),
    allocated_draw_w REAL NOT NULL DEFAULT 0 CONSTRAINT power_port_allocated CHECK (allocated_draw_w >= 0),
    CONSTRAINT power_port_in_device UNIQUE (id, device_id)
);
CREATE UNIQUE INDEX power_ports_name ON power_ports (device_id, name);

CREATE TABLE power_outlets (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id     INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    name          TEXT NOT NULL CONSTRAINT power_outlet_name CHECK (name <> ''),
    type          TEXT NOT NULL DEFAULT '',
    power_port_id INTEGER,
    feed_leg      TEXT NOT NULL DEFAULT '' CONSTRAINT power_outlet_feed_leg
                  CHECK (feed_leg IN ('', 'L1', 'L2', 'L3', 'L1-L2', 'L2-L3', 'L3-L1')),
    bank          TEXT NOT NULL DEFAULT '',
    CONSTRAINT power_outlet_inlet FOREIGN KEY (power_port_id, device_id) REFERENCES power_ports (id, device_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX power_outlets_name ON power_outlets (device_id, name);
CREATE INDEX power_outlets_inlet ON power_outlets (power_port_id);

CREATE TABLE cables (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id  INTEGER NOT NULL REFERENCES sites (id),
    label    TEXT NOT NULL DEFAULT '',
    status   TEXT NOT NULL DEFAULT 'active' CONSTRAINT cable_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    type     TEXT NOT NULL DEFAULT '',
    color    TEXT NOT NULL DEFAULT '',
    length_m REAL NOT NULL DEFAULT 0 CONSTRAINT cable_length CHECK (length_m >= 0),
    comments TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE INDEX cables_site ON cables (site_id);

CREATE TABLE cable_ends (
    cable_id        INTEGER NOT NULL REFERENCES cables (id) ON DELETE CASCADE,
    cable_end       TEXT NOT NULL CONSTRAINT cable_end_side CHECK (cable_end IN ('A', 'B')),
    power_port_id   INTEGER REFERENCES power_ports (id),
    power_outlet_id INTEGER REFERENCES power_outlets (id),
    power_feed_id   INTEGER REFERENCES power_feeds (id),
    breaker_id      INTEGER REFERENCES breakers (id),
    power_panel_id  INTEGER REFERENCES power_panels (id),
    power_source_id INTEGER REFERENCES power_sources (id),
    PRIMARY KEY (cable_id, cable_end),
    CONSTRAINT cable_end_one CHECK (
        (CASE WHEN power_port_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN power_outlet_id IS NULL THEN 0 ELSE 1 END) +
        (CASE WHEN power_feed_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN breaker_id IS NULL THEN 0 ELSE 1 END) +
        (CASE WHEN power_panel_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN power_source_id IS NULL THEN 0 ELSE 1 END) = 1)
);
CREATE UNIQUE INDEX cable_ends_port ON cable_ends (power_port_id, cable_end);
CREATE UNIQUE INDEX cable_ends_outlet ON cable_ends (power_outlet_id, cable_end);
CREATE UNIQUE INDEX cable_ends_feed ON cable_ends (power_feed_id, cable_end);
CREATE UNIQUE INDEX cable_ends_breaker ON cable_ends (breaker_id, cable_end);
CREATE INDEX cable_ends_panel ON cable_ends (power_panel_id);
CREATE INDEX cable_ends_source ON cable_ends (power_source_id);

CREATE TABLE cooling_loops (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id     INTEGER NOT NULL REFERENCES sites (id),
    name        TEXT NOT NULL CONSTRAINT cooling_loop_name CHECK (name <> ''),
    kind        TEXT NOT NULL CONSTRAINT cooling_loop_kind
                CHECK (kind IN ('chilled-water', 'condenser-water', 'technology', 'glycol', 'refrigerant')),
    status      TEXT NOT NULL DEFAULT 'active' CONSTRAINT cooling_loop_status CHECK (status IN ('planned', 'staged', 'active', 'maintenance', 'decommissioning', 'offline')),
    supply_c    REAL,
    return_c    REAL,
    flow_m3s    REAL NOT NULL DEFAULT 0 CONSTRAINT cooling_loop_flow CHECK (flow_m3s >= 0),
    description TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX cooling_loops_name ON cooling_loops (site_id, name);

CREATE TABLE cooling_units (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id        INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    kind             TEXT NOT NULL CONSTRAINT cooling_unit_kind
                     CHECK (kind IN ('crac', 'crah', 'in-row', 'rear-door', 'cdu', 'chiller', 'pump', 'tower')),
    loop_id          INTEGER REFERENCES cooling_loops (id),
    capacity_w       REAL NOT NULL DEFAULT 0 CONSTRAINT cooling_unit_capacity CHECK (capacity_w >= 0),
    airflow_m3s      REAL NOT NULL DEFAULT 0 CONSTRAINT cooling_unit_airflow CHECK (airflow_m3s >= 0),
    redundancy_group TEXT NOT NULL DEFAULT '',
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);
CREATE UNIQUE INDEX cooling_units_device ON cooling_units (device_id);
CREATE INDEX cooling_units_loop ON cooling_units (loop_id);

-- +goose Down
DROP TABLE cooling_units;
DROP TABLE cooling_loops;
DROP TABLE cable_ends;
DROP TABLE cables;
DROP TABLE power_outlets;
DROP TABLE power_ports;
DROP TABLE power_feeds;
DROP TABLE breakers;
DROP TABLE power_panels;
DROP TABLE power_sources;
DROP TABLE points;
DROP TABLE placements;
DROP TABLE rack_slots;
DROP TABLE devices;
DROP TABLE credentials;
DROP TABLE collectors;
DROP TABLE device_types;
DROP TABLE racks;
DROP TABLE rack_types;
DROP TABLE manufacturers;
DROP TABLE rack_rows;
DROP TABLE locations;
DROP TABLE sites;
