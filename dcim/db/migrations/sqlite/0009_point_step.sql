-- +goose Up
-- What one count of the device is in the base unit of the point; 0 when that
-- is not known.
ALTER TABLE points ADD COLUMN step REAL NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE points DROP COLUMN step;
