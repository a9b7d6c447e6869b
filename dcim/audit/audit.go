// Package audit keeps the log of who did what. Entries are only ever added,
// inside the transaction of the change they tell of, so that there is no
// change without its entry and no entry without its change. Each entry carries
// the hash of the one before; with a key the hashes cannot be made anew by
// somebody who can only write to the database.
//
// Someone who can write to the database can still cut off the newest entries
// together with the record of the chain's end. Head gives that end for
// safekeeping elsewhere; the program's log notes it.
package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
)

// Entry is what is to be recorded.
type Entry = models.AuditEvent

// Outcomes of an entry.
const (
	OK     = "ok"
	Denied = "denied"
	Failed = "failed"
)

// Options configure a Log. DB is mandatory.
type Options struct {
	DB *gorm.DB
	// Key makes the chain an HMAC; without it the hashes are plain SHA-256.
	Key []byte
	Log *slog.Logger
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Log is the audit log. It is safe for concurrent use.
type Log struct {
	db  *gorm.DB
	key []byte
	log *slog.Logger
	now func() time.Time

	mu sync.Mutex
	// refusals counts, by actor and operation, what was refused lately.
	refusals map[refusalKey]*refusal
}

var _ access.Recorder = (*Log)(nil)

// New returns a Log; it starts nothing.
func New(o Options) (*Log, error) {
	if o.DB == nil {
		return nil, errors.New("audit: database is mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{
		db: o.DB, key: bytes.Clone(o.Key), log: o.Log, now: o.Now,
		refusals: map[refusalKey]*refusal{},
	}, nil
}

// ErrNoTransaction means that Record was not given a transaction.
var ErrNoTransaction = errors.New("audit entry outside a transaction")

// Record adds an entry within tx. Who acts is taken from ctx unless the entry
// names an actor. Other transactions that want to add an entry wait from here
// until tx ends: record last.
func (l *Log) Record(ctx context.Context, tx *gorm.DB, e Entry) error {
	if _, ok := tx.Statement.ConnPool.(gorm.TxCommitter); !ok {
		return ErrNoTransaction
	}
	row, err := l.row(ctx, e)
	if err != nil {
		return err
	}
	tx = tx.Session(&gorm.Session{NewDB: true}).WithContext(ctx)
	// The update locks the one row of audit_head, on PostgreSQL as on
	// SQLite, so entries are numbered and chained one after the other.
	var head struct {
		Seq  uint64
		Hash string
	}
	res := tx.Raw("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash").Scan(&head)
	if res.Error != nil {
		return fmt.Errorf("lock audit log: %w", res.Error)
	}
	if head.Seq == 0 {
		return errors.New("audit log has no head")
	}
	row.Seq, row.PrevHash = head.Seq, head.Hash
	row.Hash = l.hash(row)
	if err := tx.Create(&row).Error; err != nil {
		return fmt.Errorf("add audit entry: %w", err)
	}
	if err := tx.Exec("UPDATE audit_head SET hash = ? WHERE id = 1", row.Hash).Error; err != nil {
		return fmt.Errorf("move head of audit log: %w", err)
	}
	return nil
}

// Write adds an entry in a transaction of its own, for what changes nothing in
// the database.
func (l *Log) Write(ctx context.Context, e Entry) error {
	return l.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return l.Record(ctx, tx, e) })
}

func (l *Log) row(ctx context.Context, e Entry) (models.AuditEntry, error) {
	// A failed sign-in has a name and an address and no way in: what From
	// returns is used even when it proved nothing.
	p, _ := access.From(ctx)
	if e.Actor == "" && e.ActorID == 0 {
		e.ActorID, e.Actor, e.ActorRole = p.UserID, p.Name, string(p.Role)
	}
	if e.Via == "" {
		e.Via = string(p.Via)
	}
	if e.Address == "" {
		e.Address = p.Address
	}
	if e.Actor == "" {
		e.Actor = "unknown"
	}
	if e.Outcome == "" {
		e.Outcome = OK
	}
	if e.Action == "" {
		return models.AuditEntry{}, errors.New("audit entry without an action")
	}
	before, err := document(e.Before)
	if err != nil {
		return models.AuditEntry{}, fmt.Errorf("marshal state before: %w", err)
	}
	after, err := document(e.After)
	if err != nil {
		return models.AuditEntry{}, fmt.Errorf("marshal state after: %w", err)
	}
	return models.AuditEntry{
		TimeUS: l.now().UnixMicro(), ActorID: e.ActorID, Actor: text(e.Actor, 128), ActorRole: text(e.ActorRole, 32),
		Via: text(e.Via, 32), Address: text(e.Address, 64), Action: text(e.Action, 64),
		ObjectType: text(e.ObjectType, 64), ObjectID: text(e.ObjectID, 128), ObjectName: text(e.ObjectName, 256),
		Before: before, After: after, Outcome: text(e.Outcome, 16), Detail: text(e.Detail, 512),
	}, nil
}

// text bounds foreign text and takes out what a database refuses.
func text(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit])
	}
	return s
}

// maxDocument bounds what is kept of a state; of a larger one its size and
// hash are kept.
const maxDocument = 64 << 10

// document marshals a state with its secrets masked; nil gives nothing.
func document(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return "", err
	}
	if tree == nil {
		return "", nil
	}
	if data, err = json.Marshal(maskSecrets(tree)); err != nil {
		return "", err
	}
	if len(data) > maxDocument {
		sum := sha256.Sum256(data)
		return fmt.Sprintf(`{"truncated":true,"bytes":%d,"sha256":"%x"}`, len(data), sum), nil
	}
	return strings.ReplaceAll(string(data), `\u0000`, `\ufffd`), nil
}

// Mask stands for a secret.
const Mask = "********"

var secretWords = []string{
	"password", "passphrase", "secret", "community", "private_key", "privatekey", "auth_key", "authkey", "priv_key",
	"privkey", "api_key", "apikey", "csrf", "token", "hash", "dsn", "cookie", "authorization",
}

// maskSecrets masks the values of keys that sound like secrets. Types with
// secrets leave them out of JSON already; this is the second line.
func maskSecrets(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, val := range x {
			if s, ok := val.(string); ok && s != "" && soundsSecret(k) {
				x[k] = Mask
				continue
			}
			x[k] = maskSecrets(val)
		}
	case []any:
		for i := range x {
			x[i] = maskSecrets(x[i])
		}
	}
	return v
}

func soundsSecret(key string) bool {
	key = strings.ToLower(strings.ReplaceAll(key, "-", "_"))
	if strings.HasSuffix(key, "_at") || strings.HasSuffix(key, "_id") {
		return false
	}
	for _, w := range secretWords {
		if strings.Contains(key, w) {
			return true
		}
	}
	return false
}

// hash covers every field of the entry but the hash itself. Each text is
// preceded by its length, so that nothing can move from one field to the next.
func (l *Log) hash(e models.AuditEntry) string {
	var b []byte
	num := func(n uint64) { b = binary.BigEndian.AppendUint64(b, n) }
	str := func(s string) {
		num(uint64(len(s)))
		b = append(b, s...)
	}
	str("aisle audit 1")
	num(e.Seq)
	num(uint64(e.TimeUS))
	num(e.ActorID)
	for _, s := range []string{
		e.Actor, e.ActorRole, e.Via, e.Address, e.Action, e.ObjectType, e.ObjectID, e.ObjectName,
		e.Before, e.After, e.Outcome, e.Detail, e.PrevHash,
	} {
		str(s)
	}
	if len(l.key) == 0 {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:])
	}
	m := hmac.New(sha256.New, l.key)
	m.Write(b)
	return hex.EncodeToString(m.Sum(nil))
}
