package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/models"
)

// DefaultLinkTTL is how long a one-time sign-in link works.
const DefaultLinkTTL = 15 * time.Minute

// CreateSignInLink returns the secret of a link that signs the user in once,
// without a password. Only the system makes them, on the command line of the
// server. A ttl of zero means DefaultLinkTTL; it is at most a day.
func (s *Service) CreateSignInLink(ctx context.Context, userID uint64, ttl time.Duration) (string, error) {
	if err := RequireSystem(ctx, ManageUsers); err != nil {
		return "", err
	}
	if ttl == 0 {
		ttl = DefaultLinkTTL
	}
	if ttl < 0 || ttl > 24*time.Hour {
		return "", &InvalidError{"ttl", "range", "must be at most 24 hours"}
	}
	now := s.now()
	secret := newSecret()
	err := s.tx(ctx, func(tx *gorm.DB) error {
		u, err := first[models.User](tx.Where("id = ? AND NOT disabled", userID), "user "+itoa(userID))
		if err != nil {
			return err
		}
		link := models.SignInLink{Hash: digest(secret), UserID: userID, CreatedAt: now, ExpiresAt: now.Add(ttl)}
		if err := tx.Create(&link).Error; err != nil {
			return fmt.Errorf("create sign-in link: %w", err)
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "create", ObjectType: "sign-in-link", ObjectID: itoa(link.ID), ObjectName: u.Name, After: link,
		})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// SignInWithLink starts a session by the secret of a one-time link; Name and
// Password of the request are ignored. A link that is unknown, used or expired
// is ErrBadCredentials.
func (s *Service) SignInWithLink(ctx context.Context, secret string, r SignInRequest) (SignedIn, error) {
	if len(secret) != secretChars {
		return SignedIn{}, ErrBadCredentials
	}
	var in SignedIn
	now := s.now()
	err := s.tx(ctx, func(tx *gorm.DB) error {
		// One statement decides who uses the link.
		res := tx.Model(&models.SignInLink{}).
			Where("hash = ? AND used_at IS NULL AND expires_at > ?", digest(secret), now).
			UpdateColumn("used_at", now)
		if res.Error != nil {
			return fmt.Errorf("use sign-in link: %w", res.Error)
		}
		if res.RowsAffected != 1 {
			return ErrBadCredentials
		}
		link, err := first[models.SignInLink](tx.Where("hash = ?", digest(secret)), "sign-in link")
		if err != nil {
			return err
		}
		in, err = s.startSession(ctx, tx, link.UserID, r, "one-time link")
		if errors.Is(err, ErrUnauthenticated) {
			err = ErrBadCredentials
		}
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// SetupGuard keeps the one-time token which proves, when the first start does
// not come over loopback, that who asks can read the server's log. It is safe
// for concurrent use.
type SetupGuard struct {
	mu    sync.Mutex
	token string
}

// NewSetupGuard returns a guard with a fresh token.
func NewSetupGuard() *SetupGuard { return &SetupGuard{token: newSecret()} }

// Token returns the token, for the operator's eyes only; empty once spent.
func (g *SetupGuard) Token() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token
}

// Check says whether the token is right. It stays good until Spend, so that a
// refused password can be corrected, and wrong ones do not wear it out: with
// 256 bits it cannot be guessed.
func (g *SetupGuard) Check(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token != "" && subtle.ConstantTimeCompare([]byte(g.token), []byte(token)) == 1
}

// Spend makes the token worthless; call it when set-up is done.
func (g *SetupGuard) Spend() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token = ""
}
