-- +goose Up
-- How often the point is read, in milliseconds: what an old value is worth
-- depends on it. Zero until the device is learned anew.
ALTER TABLE points ADD COLUMN interval_ms INTEGER NOT NULL DEFAULT 0;
-- Counts the changes of what was learned of the device: facts and points.
ALTER TABLE devices ADD COLUMN learned_revision INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE devices DROP COLUMN learned_revision;
ALTER TABLE points DROP COLUMN interval_ms;
