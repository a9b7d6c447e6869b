package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/models"
)

// Recorder writes to the audit log inside the transaction of the change;
// *audit.Log is one.
type Recorder interface {
	Record(ctx context.Context, tx *gorm.DB, e models.AuditEvent) error
}

// Options configure a Service. DB and Audit are mandatory.
type Options struct {
	DB    *gorm.DB
	Audit Recorder
	Log   *slog.Logger
	// IdleTimeout ends a session that is not used; default 8 h.
	IdleTimeout time.Duration
	// AbsoluteTimeout ends a session whatever its use; default 7 days.
	AbsoluteTimeout time.Duration
	// Hash are the costs of password hashing; tests lower them.
	Hash HashParams
	// Parallel is how many passwords are hashed at once; default 2. Each
	// takes Hash.MemoryKiB of memory.
	Parallel int
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Service keeps users, sessions, tokens and sign-in links. It is safe for
// concurrent use.
type Service struct {
	db       *gorm.DB
	audit    Recorder
	log      *slog.Logger
	idle     time.Duration
	absolute time.Duration
	now      func() time.Time
	hasher   *hasher
	limiter  *limiter
}

// New returns a Service; it starts nothing.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Audit == nil {
		return nil, errors.New("access: database and audit log are mandatory")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 8 * time.Hour
	}
	if o.AbsoluteTimeout <= 0 {
		o.AbsoluteTimeout = 7 * 24 * time.Hour
	}
	if o.Parallel <= 0 {
		o.Parallel = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{
		db: o.DB, audit: o.Audit, log: o.Log,
		idle: o.IdleTimeout, absolute: o.AbsoluteTimeout,
		// Times are kept to the millisecond in UTC, as both databases can.
		now:     func() time.Time { return o.Now().UTC().Truncate(time.Millisecond) },
		hasher:  newHasher(o.Hash, o.Parallel),
		limiter: newLimiter(),
	}, nil
}

// tx runs f in a transaction.
func (s *Service) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return s.db.WithContext(ctx).Transaction(f)
}

// first finds one row, with ErrNotFound when there is none.
func first[T any](q *gorm.DB, what string) (T, error) {
	var row T
	err := q.Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		return row, fmt.Errorf("read %s: %w", what, err)
	}
	return row, nil
}

func itoa(id uint64) string { return strconv.FormatUint(id, 10) }

// newSecret returns 256 random bits as 43 characters fit for cookies and URLs.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is what the database keeps of a secret. The secrets have 256 random
// bits, so a plain hash cannot be searched.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// clip bounds foreign text that is only kept for display.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}
