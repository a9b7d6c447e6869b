package access

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
)

// NewUser describes a user to create. Password may be empty only when the
// system creates a user who comes in by a one-time link.
type NewUser struct {
	Name, DisplayName, Password string
	Role                        Role
	Scope                       []uint64
	Language, Theme             string
}

// UserChange holds what to change; nil fields stay.
type UserChange struct {
	DisplayName *string
	Role        *Role
	Scope       *[]uint64
	Disabled    *bool
	Language    *string
	Theme       *string
}

// Preferences are what users choose for themselves; nil fields stay.
type Preferences struct {
	DisplayName *string
	Language    *string
	Theme       *string
}

var userName = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,63}$`)

// foldName returns the form in which names are kept and compared.
func foldName(name string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(name)))
}

func checkUser(u *models.User) error {
	switch {
	case !userName.MatchString(u.Name):
		return &InvalidError{"name", "user_name", "must be 1 to 64 of a-z, 0-9, dot, dash, underscore and @, starting with a letter or digit"}
	case utf8.RuneCountInString(u.DisplayName) > 128 || !utf8.ValidString(u.DisplayName) ||
		strings.IndexFunc(u.DisplayName, unicode.IsControl) >= 0:
		return &InvalidError{"display_name", "format", "must be at most 128 printable characters"}
	case !Role(u.Role).Valid():
		return &InvalidError{"role", "unknown", fmt.Sprintf("must be one of %v", Roles())}
	case !slices.Contains([]string{"", "en", "vi"}, u.Language):
		return &InvalidError{"language", "unknown", "must be en, vi or empty"}
	case !slices.Contains([]string{"", "light", "dark"}, u.Theme):
		return &InvalidError{"theme", "unknown", "must be light, dark or empty"}
	case len(u.Scope) > 10000:
		return &InvalidError{"scope", "too_long", "must be at most 10000 sites"}
	}
	return nil
}

// NeedsSetup says whether no user exists yet, so that the first administrator
// must be created.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) {
	return needsSetup(s.db.WithContext(ctx))
}

func needsSetup(db *gorm.DB) (bool, error) {
	var n int64
	if err := db.Model(&models.User{}).Limit(1).Count(&n).Error; err != nil {
		return false, fmt.Errorf("count users: %w", err)
	}
	return n == 0, nil
}

// Bootstrap creates the first administrator; afterwards, and for the loser of
// two at once, it returns ErrAlreadySetUp. It asks for no principal: the
// caller has made sure that the request came over loopback or with the
// one-time set-up token (SetupGuard).
func (s *Service) Bootstrap(ctx context.Context, n NewUser, address string) (models.User, error) {
	// Before the costly hash, so that the open door is closed cheaply.
	if open, err := s.NeedsSetup(ctx); err != nil {
		return models.User{}, err
	} else if !open {
		return models.User{}, ErrAlreadySetUp
	}
	n.Role, n.Scope = Administrator, nil
	u, err := s.build(ctx, n, false)
	if err != nil {
		return models.User{}, err
	}
	ctx = With(ctx, Principal{Name: "first start", Via: ViaSystem, Address: address})
	err = s.tx(ctx, func(tx *gorm.DB) error {
		err := tx.Exec("INSERT INTO access_setup (id, created_at) VALUES (1, ?)", s.now()).Error
		if isDuplicate(err) {
			return ErrAlreadySetUp
		}
		if err != nil {
			return fmt.Errorf("close set-up: %w", err)
		}
		if open, err := needsSetup(tx); err != nil {
			return err
		} else if !open {
			return ErrAlreadySetUp
		}
		return s.insert(ctx, tx, &u)
	})
	return u, err
}

// CreateUser creates a user. It needs ManageUsers.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (models.User, error) {
	if err := Require(ctx, ManageUsers); err != nil {
		return models.User{}, err
	}
	p, _ := From(ctx)
	u, err := s.build(ctx, n, p.IsSystem())
	if err != nil {
		return models.User{}, err
	}
	err = s.tx(ctx, func(tx *gorm.DB) error { return s.insert(ctx, tx, &u) })
	return u, err
}

func (s *Service) build(ctx context.Context, n NewUser, linkOnly bool) (models.User, error) {
	now := s.now()
	u := models.User{
		Name: foldName(n.Name), DisplayName: strings.TrimSpace(n.DisplayName), Role: string(n.Role),
		Scope: n.Scope, Language: n.Language, Theme: n.Theme, CreatedAt: now, UpdatedAt: now,
	}
	if u.Scope == nil {
		u.Scope = []uint64{}
	}
	if err := checkUser(&u); err != nil {
		return u, err
	}
	if n.Password == "" && linkOnly {
		return u, nil
	}
	if err := CheckPassword(n.Password, u.Name, u.DisplayName); err != nil {
		return u, err
	}
	var err error
	u.PasswordHash, err = s.hasher.hash(ctx, n.Password)
	u.PasswordChangedAt, u.PasswordGivenBy = &now, giver(ctx, 0)
	if u.PasswordGivenBy != nil {
		u.PasswordResetBy, u.PasswordResetAt = u.PasswordGivenBy, &now
	}
	return u, err
}

func (s *Service) insert(ctx context.Context, tx *gorm.DB, u *models.User) error {
	// ON CONFLICT keeps a PostgreSQL transaction usable and is the same on
	// both databases.
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(u)
	if res.Error != nil {
		return fmt.Errorf("create user %s: %w", u.Name, res.Error)
	}
	if res.RowsAffected == 0 {
		return conflict(fault.Taken, "name", "user "+u.Name+" exists")
	}
	return s.audit.Record(ctx, tx, models.AuditEvent{
		Action: "create", ObjectType: "user", ObjectID: itoa(u.ID), ObjectName: u.Name, After: u,
	})
}

// Users lists all users by name. It needs ManageUsers.
func (s *Service) Users(ctx context.Context) ([]models.User, error) {
	if err := Require(ctx, ManageUsers); err != nil {
		return nil, err
	}
	var us []models.User
	if err := s.db.WithContext(ctx).Order("name").Find(&us).Error; err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return us, nil
}

// User returns one user. Users may see themselves; others need ManageUsers.
func (s *Service) User(ctx context.Context, id uint64) (models.User, error) {
	if err := s.requireSelf(ctx, id); err != nil {
		return models.User{}, err
	}
	return first[models.User](s.db.WithContext(ctx).Where("id = ?", id), "user "+itoa(id))
}

// UserByName returns the user of that name. It needs ManageUsers.
func (s *Service) UserByName(ctx context.Context, name string) (models.User, error) {
	if err := Require(ctx, ManageUsers); err != nil {
		return models.User{}, err
	}
	name = foldName(name)
	if !userName.MatchString(name) {
		return models.User{}, fmt.Errorf("user %q: %w", clip(name, 64), ErrNotFound)
	}
	return first[models.User](s.db.WithContext(ctx).Where("name = ?", name), "user "+name)
}

// giver is who acts for another user; nil when that is no user, or the other.
func giver(ctx context.Context, owner uint64) *uint64 {
	p, _ := From(ctx)
	if p.UserID == 0 || p.UserID == owner {
		return nil
	}
	return &p.UserID
}

// requireSelf lets a user act on the own account, and who has ManageUsers on
// any.
func (s *Service) requireSelf(ctx context.Context, id uint64) error {
	if p, ok := From(ctx); ok && p.UserID == id && id != 0 {
		return Require(ctx, ManageOwnAccount)
	}
	return Require(ctx, ManageUsers)
}

// requirePerson keeps API tokens from what must stay with whoever signed in: a
// token that leaked must not outlive itself nor lock its owner out.
func requirePerson(ctx context.Context) error {
	if err := Require(ctx, ManageOwnAccount); err != nil {
		return err
	}
	if p, _ := From(ctx); p.Via != ViaSession && !p.IsSystem() {
		return deny(ctx, ManageOwnAccount, &ForbiddenError{Operation: ManageOwnAccount})
	}
	return nil
}

// UpdateUser changes a user. It needs ManageUsers. The last administrator who
// can sign in stays: ErrConflict. When role, scope or state change, sessions
// go on with the new rights at once; sessions and tokens of a disabled user end.
func (s *Service) UpdateUser(ctx context.Context, id uint64, c UserChange) (models.User, error) {
	if err := Require(ctx, ManageUsers); err != nil {
		return models.User{}, err
	}
	return s.update(ctx, id, c)
}

// SetPreferences changes what users may change of themselves. Users may do so
// for themselves; for others it needs ManageUsers.
func (s *Service) SetPreferences(ctx context.Context, id uint64, p Preferences) (models.User, error) {
	if err := s.requireSelf(ctx, id); err != nil {
		return models.User{}, err
	}
	return s.update(ctx, id, UserChange{DisplayName: p.DisplayName, Language: p.Language, Theme: p.Theme})
}

func (s *Service) update(ctx context.Context, id uint64, c UserChange) (models.User, error) {
	var u models.User
	err := s.tx(ctx, func(tx *gorm.DB) (err error) {
		// The administrators are locked first, in one order, so that two of
		// them cannot demote each other at once.
		admins, err := lockAdmins(tx)
		if err != nil {
			return err
		}
		if u, err = first[models.User](locking(tx).Where("id = ?", id), "user "+itoa(id)); err != nil {
			return err
		}
		before := u
		c.apply(&u)
		if err := checkUser(&u); err != nil {
			return err
		}
		if isFullAdmin(before) && !isFullAdmin(u) && len(admins) == 1 && admins[0] == id {
			return conflict(fault.LastAdministrator, "", "user "+u.Name+" is the last administrator")
		}
		u.UpdatedAt = s.now()
		if err := tx.Model(&u).Select("DisplayName", "Role", "Scope", "Disabled", "Language", "Theme", "UpdatedAt").
			Updates(&u).Error; err != nil {
			return fmt.Errorf("update user %s: %w", u.Name, err)
		}
		if u.Disabled {
			if err := tx.Where("user_id = ?", id).Delete(&models.Session{}).Error; err != nil {
				return fmt.Errorf("end sessions of user %s: %w", u.Name, err)
			}
			if err := s.revokeTokens(tx, u); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "update", ObjectType: "user", ObjectID: itoa(id), ObjectName: u.Name, Before: before, After: u,
		})
	})
	return u, err
}

// conflict is a fault.ConflictError that is an ErrConflict too.
func conflict(code, field, reason string) error {
	return fmt.Errorf("%w: %w", fault.Conflict(code, field, reason), ErrConflict)
}

func (c UserChange) apply(u *models.User) {
	if c.DisplayName != nil {
		u.DisplayName = strings.TrimSpace(*c.DisplayName)
	}
	if c.Role != nil {
		u.Role = string(*c.Role)
	}
	if c.Scope != nil {
		u.Scope = append([]uint64{}, *c.Scope...)
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
	}
	if c.Language != nil {
		u.Language = *c.Language
	}
	if c.Theme != nil {
		u.Theme = *c.Theme
	}
}

// locking makes a query lock its rows on PostgreSQL. SQLite has one writer at
// a time and its dialect leaves the clause out.
func locking(tx *gorm.DB) *gorm.DB { return tx.Clauses(clause.Locking{Strength: "UPDATE"}) }

func isFullAdmin(u models.User) bool {
	return u.Role == string(Administrator) && !u.Disabled && len(u.Scope) == 0
}

func lockAdmins(tx *gorm.DB) ([]uint64, error) {
	var us []models.User
	err := locking(tx).Where("role = ? AND NOT disabled", string(Administrator)).Order("id").Find(&us).Error
	if err != nil {
		return nil, fmt.Errorf("list administrators: %w", err)
	}
	var ids []uint64
	for _, u := range us {
		if isFullAdmin(u) {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}

// ChangePassword changes the own password. The old one must be right; tries
// are limited like sign-ins. All other sessions of the user end; API tokens
// stay, for programs are not to stop at a routine change.
func (s *Service) ChangePassword(ctx context.Context, old, password string) error {
	if err := Require(ctx, ManageOwnAccount); err != nil {
		return err
	}
	p, _ := From(ctx)
	if p.UserID == 0 || p.Via != ViaSession {
		return deny(ctx, ManageOwnAccount, &ForbiddenError{Operation: ManageOwnAccount})
	}
	u, err := first[models.User](s.db.WithContext(ctx).Where("id = ?", p.UserID), "user "+itoa(p.UserID))
	if err != nil {
		return err
	}
	// A stolen session must not be able to guess the password faster than a
	// stranger.
	if wait := s.limiter.begin(u.Name, p.Address, s.now()); wait > 0 {
		return &TooManyAttemptsError{RetryAfter: wait}
	}
	if len(old) > MaxPasswordBytes {
		return ErrBadCredentials
	}
	ok, _, err := s.hasher.verify(ctx, u.PasswordHash, old)
	if err != nil {
		return err
	}
	if !ok {
		s.recordFailure(ctx, u.Name, "change-password")
		return ErrBadCredentials
	}
	s.limiter.succeed(u.Name, p.Address, s.now())
	if password == old { // whoever gave it would still know it
		return &InvalidError{Field: "password", Code: "unchanged", Reason: "must be another one than before"}
	}
	return s.setPassword(ctx, u, password, p.CredentialID, "change-password")
}

// ResetPassword sets another user's password. It needs ManageUsers. All
// sessions and tokens of the user end: whoever knew the old password may have
// made some. A token cannot reset the password of its owner.
func (s *Service) ResetPassword(ctx context.Context, id uint64, password string) error {
	if err := Require(ctx, ManageUsers); err != nil {
		return err
	}
	if p, _ := From(ctx); p.Via == ViaToken && p.UserID == id {
		return deny(ctx, ManageUsers, &ForbiddenError{Operation: ManageUsers})
	}
	u, err := first[models.User](s.db.WithContext(ctx).Where("id = ?", id), "user "+itoa(id))
	if err != nil {
		return err
	}
	return s.setPassword(ctx, u, password, 0, resetPassword)
}

const resetPassword = "reset-password"

func (s *Service) revokeTokens(tx *gorm.DB, u models.User) error {
	err := tx.Model(&models.APIToken{}).Where("user_id = ? AND revoked_at IS NULL", u.ID).UpdateColumn("revoked_at", s.now()).Error
	if err != nil {
		return fmt.Errorf("end tokens of user %s: %w", u.Name, err)
	}
	return nil
}

func (s *Service) setPassword(ctx context.Context, u models.User, password string, keepSession uint64, action string) error {
	if err := CheckPassword(password, u.Name, u.DisplayName); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	now := s.now()
	return s.tx(ctx, func(tx *gorm.DB) error {
		set := map[string]any{"password_hash": hash, "password_changed_at": now, "password_given_by": giver(ctx, u.ID), "updated_at": now}
		if by := giver(ctx, u.ID); by != nil {
			set["password_reset_by"], set["password_reset_at"] = by, now
		}
		err := tx.Model(&models.User{}).Where("id = ?", u.ID).Updates(set).Error
		if err != nil {
			return fmt.Errorf("set password of user %s: %w", u.Name, err)
		}
		if err := tx.Where("user_id = ? AND id <> ?", u.ID, keepSession).Delete(&models.Session{}).Error; err != nil {
			return fmt.Errorf("end sessions of user %s: %w", u.Name, err)
		}
		if err := tx.Where("user_id = ?", u.ID).Delete(&models.SignInLink{}).Error; err != nil {
			return fmt.Errorf("end sign-in links of user %s: %w", u.Name, err)
		}
		if action == resetPassword {
			if err := s.revokeTokens(tx, u); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: action, ObjectType: "user", ObjectID: itoa(u.ID), ObjectName: u.Name,
		})
	})
}

// recordFailure writes a refused attempt to the audit log in a transaction of
// its own. That the log cannot be written must not tell the caller anything.
func (s *Service) recordFailure(ctx context.Context, account, action string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.tx(ctx, func(tx *gorm.DB) error {
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: action, ObjectType: "user", ObjectName: clip(account, 64), Outcome: "failed",
		})
	})
	if err != nil {
		s.log.Error("failed attempt not recorded", "action", action, "err", err)
	}
}

// isDuplicate says whether err is a violated unique constraint, on either
// database, with or without translated errors.
func isDuplicate(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return true
	}
	msg := err.Error()
	return strings.Contains(msg, "UNIQUE constraint failed") || strings.Contains(msg, "SQLSTATE 23505")
}
