-- +goose Up
-- The address that was to be written, why a request ended in one of a fixed
-- set of words, and what that means in detail, which not everybody may read.
ALTER TABLE control_requests ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE control_requests ADD COLUMN cause TEXT NOT NULL DEFAULT '';
ALTER TABLE control_requests ADD COLUMN detail TEXT NOT NULL DEFAULT '';
UPDATE control_requests SET detail = result, result = '' WHERE state IN ('done', 'failed', 'outcome-unknown', 'expired');
UPDATE control_requests SET address = COALESCE((SELECT address FROM devices WHERE devices.id = control_requests.device_id), '') WHERE ended_at IS NULL;

-- +goose Down
UPDATE control_requests SET result = detail WHERE result = '';
ALTER TABLE control_requests DROP COLUMN detail;
ALTER TABLE control_requests DROP COLUMN cause;
ALTER TABLE control_requests DROP COLUMN address;
