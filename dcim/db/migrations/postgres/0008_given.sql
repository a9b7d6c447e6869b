-- +goose Up
-- Who can act in somebody else's name: who set the password last, unless the
-- user did, and who made a token, unless its owner did.
ALTER TABLE users ADD COLUMN password_given_by BIGINT;
ALTER TABLE api_tokens ADD COLUMN given_by BIGINT;

-- +goose Down
ALTER TABLE api_tokens DROP COLUMN given_by;
ALTER TABLE users DROP COLUMN password_given_by;
