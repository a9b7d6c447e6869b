package models

import "time"

// User is a person who may sign in. Users are disabled, never deleted, so
// that the audit log keeps its names.
type User struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Name is what is typed at sign-in: lower case, unique.
	Name string `json:"name"`
	// DisplayName is shown to others; empty means that Name is shown.
	DisplayName string `json:"display_name"`
	// PasswordHash is an argon2id PHC string; empty for a user who can only
	// come in by a one-time link.
	PasswordHash string `json:"-"`
	// Role is one of the roles of package access.
	Role string `json:"role"`
	// Scope are the ids of the sites that the user is confined to; empty
	// means all sites.
	Scope []uint64 `gorm:"serializer:json" json:"scope"`
	// Disabled users cannot sign in, and their sessions and tokens are dead.
	Disabled bool `json:"disabled"`
	// Language is "en", "vi" or empty for the browser's choice.
	Language string `json:"language"`
	// Theme is "light", "dark" or empty for the system's choice.
	Theme             string     `json:"theme"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
	PasswordChangedAt *time.Time `json:"password_changed_at"`
	// PasswordGivenBy is the user who set the password, so that there are two
	// who know it; nil when it was this user, or the command line of the server.
	PasswordGivenBy *uint64 `json:"password_given_by,omitempty"`
	// PasswordResetBy is the other user who set the password last, and
	// PasswordResetAt when: both stay when the password is changed, for whoever
	// knows it can do that in the name of this user.
	PasswordResetBy *uint64    `json:"-"`
	PasswordResetAt *time.Time `json:"-"`
	LastSignInAt    *time.Time `json:"last_sign_in_at"`
}

// Session is a signed-in browser. Its secret is known to the browser only.
type Session struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Hash is the SHA-256 of the secret, in hexadecimal.
	Hash   string `json:"-"`
	UserID uint64 `json:"user_id"`
	// Address is where the session was started from.
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
	CreatedAt time.Time `json:"created_at"`
	// LastSeenAt is exact to a minute.
	LastSeenAt time.Time `json:"last_seen_at"`
	// ExpiresAt is the absolute end, whatever the activity.
	ExpiresAt time.Time `json:"expires_at"`
}

// APIToken lets a program use the API. Its secret is shown once, when made.
type APIToken struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Prefix is the public part of the token, by which it is recognised.
	Prefix string `json:"prefix"`
	// Hash is the SHA-256 of the whole token, in hexadecimal.
	Hash string `json:"-"`
	// Name says what the token is for.
	Name string `json:"name"`
	// UserID is the owner: the token can do no more than the owner can. Nil
	// for a token made on the command line of the server.
	UserID *uint64 `json:"user_id"`
	// GivenBy is who made the token, when that was not the owner.
	GivenBy    *uint64    `json:"given_by,omitempty"`
	Role       string     `json:"role"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

// TableName is the table of API tokens.
func (APIToken) TableName() string { return "api_tokens" }

// SignInLink is a one-time link that starts a session without a password.
type SignInLink struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Hash is the SHA-256 of the secret in the link, in hexadecimal.
	Hash      string     `json:"-"`
	UserID    uint64     `json:"user_id"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at"`
}

// AuditEvent is one thing to be written to the audit log. Who did it, from
// where and how is taken from the context when Actor is empty.
type AuditEvent struct {
	ActorID   uint64
	Actor     string
	ActorRole string
	// Via is "session", "token" or "system".
	Via     string
	Address string
	// Action is a verb in the object's terms: "create", "update", "delete",
	// "sign-in", "denied" …
	Action     string
	ObjectType string
	ObjectID   string
	ObjectName string
	// Before and After are marshalled to JSON; secrets are masked.
	Before any
	After  any
	// Outcome is "ok" (also when empty), "denied" or "failed".
	Outcome string
	// Detail is a short remark.
	Detail string
}

// AuditEntry is a row of the audit log. Rows are never changed; Hash chains
// each to the one before.
type AuditEntry struct {
	// Seq numbers the entries from 1 without gaps.
	Seq uint64 `gorm:"primaryKey;autoIncrement:false" json:"seq"`
	// TimeUS is the moment in microseconds since the Unix epoch, UTC.
	TimeUS     int64  `gorm:"column:time_us" json:"time_us"`
	ActorID    uint64 `json:"actor_id"`
	Actor      string `json:"actor"`
	ActorRole  string `json:"actor_role"`
	Via        string `json:"via"`
	Address    string `json:"address"`
	Action     string `json:"action"`
	ObjectType string `json:"object_type"`
	ObjectID   string `json:"object_id"`
	ObjectName string `json:"object_name"`
	// Before and After are JSON text, empty when there was or is nothing.
	Before  string `gorm:"column:before_json" json:"before"`
	After   string `gorm:"column:after_json" json:"after"`
	Outcome string `json:"outcome"`
	Detail  string `json:"detail"`
	// PrevHash and Hash are hexadecimal.
	PrevHash string `json:"prev_hash"`
	Hash     string `json:"hash"`
}

// TableName is the table of the audit log.
func (AuditEntry) TableName() string { return "audit_entries" }

// Time returns the moment of the entry in UTC.
func (e AuditEntry) Time() time.Time { return time.UnixMicro(e.TimeUS).UTC() }
