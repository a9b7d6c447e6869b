-- +goose Up
-- Who set somebody else's password last, and when: kept when that one changes
-- it, for who set it can do that too.
ALTER TABLE users ADD COLUMN password_reset_by INTEGER;
ALTER TABLE users ADD COLUMN password_reset_at DATETIME;
UPDATE users SET password_reset_by = password_given_by, password_reset_at = password_changed_at WHERE password_given_by IS NOT NULL;

-- +goose Down
ALTER TABLE users DROP COLUMN password_reset_at;
ALTER TABLE users DROP COLUMN password_reset_by;
