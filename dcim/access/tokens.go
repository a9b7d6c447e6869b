package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/models"
)

// NewToken describes an API token to create.
type NewToken struct {
	// Name says what it is for; 1 to 100 characters.
	Name string
	Role Role
	// UserID is the owner; zero means the principal's own, or, for the
	// system, no owner at all.
	UserID uint64
	// TTL is how long it lives; zero means for ever, at most ten years.
	TTL time.Duration
}

const (
	tokenScheme    = "aisle"
	maxTokenTTL    = 10 * 365 * 24 * time.Hour
	tokenPrefixLen = 12
)

// CreateToken makes an API token and returns its text, aisle_<prefix>_<secret>,
// which is shown this once. Users make their own; tokens of others need
// ManageUsers. The role must allow nothing that the owner may not do. A token
// makes no tokens: it would never end.
func (s *Service) CreateToken(ctx context.Context, n NewToken) (token string, row models.APIToken, err error) {
	if err := requirePerson(ctx); err != nil {
		return "", row, err
	}
	p, _ := From(ctx)
	if n.UserID == 0 {
		n.UserID = p.UserID
	}
	if err := s.requireSelf(ctx, n.UserID); err != nil {
		return "", row, err
	}
	n.Name = strings.TrimSpace(n.Name)
	switch {
	case n.Name == "" || utf8.RuneCountInString(n.Name) > 100:
		return "", row, &InvalidError{"name", "length", "must be 1 to 100 characters"}
	case !n.Role.Valid():
		return "", row, &InvalidError{"role", "unknown", fmt.Sprintf("must be one of %v", Roles())}
	case n.TTL < 0 || n.TTL > maxTokenTTL:
		return "", row, &InvalidError{"ttl", "range", "must be between zero and ten years"}
	}
	if !p.IsSystem() && !covers(p, n.Role) {
		return "", row, &InvalidError{"role", "too_high", "must not allow more than you may do yourself"}
	}
	prefix := make([]byte, tokenPrefixLen/2)
	rand.Read(prefix)
	now := s.now()
	row = models.APIToken{Prefix: hex.EncodeToString(prefix), Name: n.Name, Role: string(n.Role), CreatedAt: now}
	token = tokenScheme + "_" + row.Prefix + "_" + newSecret()
	row.Hash = digest(token)
	if n.TTL > 0 {
		end := now.Add(n.TTL)
		row.ExpiresAt = &end
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if n.UserID != 0 {
			owner, err := first[models.User](tx.Where("id = ?", n.UserID), "user "+itoa(n.UserID))
			if err != nil {
				return err
			}
			if !covers(Principal{Role: Role(owner.Role), Via: ViaSession}, n.Role) {
				return &InvalidError{"role", "too_high", "must not allow more than its owner may do"}
			}
			row.UserID, row.GivenBy = &n.UserID, giver(ctx, n.UserID)
		}
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("create token: %w", err)
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "create", ObjectType: "token", ObjectID: itoa(row.ID), ObjectName: row.Name, After: row,
		})
	})
	if err != nil {
		return "", models.APIToken{}, err
	}
	return token, row, nil
}

// covers says whether p may do everything that the role allows.
func covers(p Principal, r Role) bool {
	p.Scope = nil
	for _, op := range Operations() {
		if r.Can(op) && !p.Can(op) {
			return false
		}
	}
	return true
}

// AuthenticateToken returns the principal of an API token, or
// ErrUnauthenticated.
func (s *Service) AuthenticateToken(ctx context.Context, token, address string) (Principal, error) {
	prefix, ok := tokenPrefix(token)
	if !ok {
		return Principal{}, ErrUnauthenticated
	}
	db, now := s.db.WithContext(ctx), s.now()
	row, err := first[models.APIToken](db.Where("prefix = ?", prefix), "token")
	if errors.Is(err, ErrNotFound) {
		return Principal{}, ErrUnauthenticated
	}
	if err != nil {
		return Principal{}, err
	}
	if subtle.ConstantTimeCompare([]byte(row.Hash), []byte(digest(token))) != 1 ||
		row.RevokedAt != nil || row.ExpiresAt != nil && !now.Before(*row.ExpiresAt) {
		return Principal{}, ErrUnauthenticated
	}
	p := Principal{
		Name: "token " + row.Name, Role: Role(row.Role), Via: ViaToken, Address: address, CredentialID: row.ID,
	}
	if row.UserID != nil {
		u, err := first[models.User](db.Where("id = ? AND NOT disabled", *row.UserID), "user")
		if errors.Is(err, ErrNotFound) {
			return Principal{}, ErrUnauthenticated
		}
		if err != nil {
			return Principal{}, err
		}
		p.UserID, p.Name, p.Limit, p.Scope = u.ID, u.Name, Role(u.Role), u.Scope
	}
	if row.LastUsedAt == nil || now.Sub(*row.LastUsedAt) >= touchEvery {
		if err := db.Model(&models.APIToken{}).Where("id = ?", row.ID).UpdateColumn("last_used_at", now).Error; err != nil {
			s.log.Warn("token use not noted", "token", row.Prefix, "err", err)
		}
	}
	return p, nil
}

func tokenPrefix(token string) (string, bool) {
	rest, ok := strings.CutPrefix(token, tokenScheme+"_")
	if !ok || len(rest) != tokenPrefixLen+1+secretChars || rest[tokenPrefixLen] != '_' {
		return "", false
	}
	return rest[:tokenPrefixLen], true
}

// Tokens lists tokens, newest first: those of a user, or with userID zero all,
// which needs ManageUsers.
func (s *Service) Tokens(ctx context.Context, userID uint64) ([]models.APIToken, error) {
	if err := s.requireSelf(ctx, userID); err != nil {
		return nil, err
	}
	q := s.db.WithContext(ctx).Order("id DESC")
	if userID != 0 {
		q = q.Where("user_id = ?", userID)
	}
	var out []models.APIToken
	if err := q.Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return out, nil
}

// RevokeToken ends a token for ever. Users may end their own; others need
// ManageUsers. A revoked token stays in the list.
func (s *Service) RevokeToken(ctx context.Context, id uint64) error {
	if err := Require(ctx, ManageOwnAccount); err != nil {
		return err
	}
	row, err := first[models.APIToken](s.db.WithContext(ctx).Where("id = ?", id), "token "+itoa(id))
	if err != nil {
		return err
	}
	var owner uint64
	if row.UserID != nil {
		owner = *row.UserID
	}
	if err := s.requireSelf(ctx, owner); err != nil {
		if errors.Is(err, ErrForbidden) {
			return fmt.Errorf("token %s: %w", itoa(id), ErrNotFound)
		}
		return err
	}
	if row.RevokedAt != nil {
		return nil
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Model(&models.APIToken{}).Where("id = ?", id).UpdateColumn("revoked_at", s.now()).Error; err != nil {
			return fmt.Errorf("revoke token %d: %w", id, err)
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "revoke", ObjectType: "token", ObjectID: itoa(id), ObjectName: row.Name, Before: row,
		})
	})
}
