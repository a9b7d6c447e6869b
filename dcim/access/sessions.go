package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/models"
)

// SignInRequest is an attempt to sign in.
type SignInRequest struct {
	Name, Password string
	// Address is where it comes from; host or host:port.
	Address   string
	UserAgent string
	// Previous is the secret of the session the browser had before, if any;
	// it ends, so that a session planted beforehand is worth nothing.
	Previous string
}

// SignedIn is a fresh session.
type SignedIn struct {
	// Secret goes into the cookie and is known nowhere else.
	Secret string
	// CSRF must come with every unsafe request of this session.
	CSRF    string
	Session models.Session
	User    models.User
}

// Resumed is a session that was found good.
type Resumed struct {
	Principal Principal
	Session   models.Session
	User      models.User
	CSRF      string
}

// touchEvery bounds how often the use of a session or token is written.
const touchEvery = time.Minute

// SignIn starts a session. Every failure is ErrBadCredentials, after the same
// work, whether the user is unknown, disabled, has no password or another one;
// too many of them are answered by *TooManyAttemptsError without a check.
func (s *Service) SignIn(ctx context.Context, r SignInRequest) (SignedIn, error) {
	account := clip(foldName(clip(r.Name, 256)), 64)
	if wait := s.limiter.begin(account, r.Address, s.now()); wait > 0 {
		return SignedIn{}, &TooManyAttemptsError{RetryAfter: wait}
	}
	password := r.Password
	if len(password) > MaxPasswordBytes {
		// No such password can exist; hashing megabytes would only cost.
		password = ""
	}
	lookup := account
	if !userName.MatchString(lookup) {
		// Nobody has such a name, and PostgreSQL refuses some as text.
		lookup = ""
	}
	u, err := first[models.User](s.db.WithContext(ctx).Where("name = ?", lookup), "user")
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, err
	}
	encoded := u.PasswordHash
	if encoded == "" {
		encoded = s.hasher.dummy
	}
	ok, renew, err := s.hasher.verify(ctx, encoded, password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok || u.ID == 0 || u.Disabled || u.PasswordHash == "" || password == "" {
		s.recordFailure(With(ctx, Principal{Name: account, Address: r.Address}), account, "sign-in")
		return SignedIn{}, ErrBadCredentials
	}
	s.limiter.succeed(account, r.Address, s.now())
	var renewed string
	if renew {
		if renewed, err = s.hasher.hash(ctx, password); err != nil {
			return SignedIn{}, err
		}
	}
	var in SignedIn
	err = s.tx(ctx, func(tx *gorm.DB) (err error) {
		if renewed != "" {
			err = tx.Model(&models.User{}).Where("id = ? AND password_hash = ?", u.ID, u.PasswordHash).
				Update("password_hash", renewed).Error
			if err != nil {
				return fmt.Errorf("renew password hash: %w", err)
			}
		}
		in, err = s.startSession(ctx, tx, u.ID, r, "password")
		if err == nil && in.User.PasswordHash != u.PasswordHash && in.User.PasswordHash != renewed {
			// The password was changed after it was checked.
			return ErrUnauthenticated
		}
		return err
	})
	if errors.Is(err, ErrUnauthenticated) {
		err = ErrBadCredentials
	}
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// startSession creates the session inside tx.
func (s *Service) startSession(ctx context.Context, tx *gorm.DB, userID uint64, r SignInRequest, how string) (SignedIn, error) {
	// Read again under lock: the user may have been disabled meanwhile.
	u, err := first[models.User](locking(tx).Where("id = ? AND NOT disabled", userID), "user")
	if errors.Is(err, ErrNotFound) {
		return SignedIn{}, ErrUnauthenticated
	}
	if err != nil {
		return SignedIn{}, err
	}
	now := s.now()
	if r.Previous != "" {
		if err := tx.Where("hash = ?", digest(r.Previous)).Delete(&models.Session{}).Error; err != nil {
			return SignedIn{}, fmt.Errorf("end previous session: %w", err)
		}
	}
	if err := tx.Where("user_id = ? AND (expires_at <= ? OR last_seen_at <= ?)", u.ID, now, now.Add(-s.idle)).
		Delete(&models.Session{}).Error; err != nil {
		return SignedIn{}, fmt.Errorf("end expired sessions: %w", err)
	}
	in := SignedIn{Secret: newSecret()}
	in.CSRF = CSRFToken(in.Secret)
	in.Session = models.Session{
		Hash: digest(in.Secret), UserID: u.ID, Address: clip(r.Address, 64), UserAgent: clip(r.UserAgent, 256),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(s.absolute),
	}
	if err := tx.Create(&in.Session).Error; err != nil {
		return SignedIn{}, fmt.Errorf("create session: %w", err)
	}
	if err := tx.Model(&models.User{}).Where("id = ?", u.ID).UpdateColumn("last_sign_in_at", now).Error; err != nil {
		return SignedIn{}, fmt.Errorf("note sign-in: %w", err)
	}
	u.LastSignInAt = &now
	in.User = u
	actx := With(ctx, Principal{
		UserID: u.ID, Name: u.Name, Role: Role(u.Role), Via: ViaSession, Address: r.Address, CredentialID: in.Session.ID,
	})
	return in, s.audit.Record(actx, tx, models.AuditEvent{
		Action: "sign-in", ObjectType: "user", ObjectID: itoa(u.ID), ObjectName: u.Name, Detail: how,
	})
}

// Resume finds the session of a secret from a cookie. It returns
// ErrUnauthenticated when there is none, or it is over, or its user is
// disabled.
func (s *Service) Resume(ctx context.Context, secret, address string) (Resumed, error) {
	if len(secret) != secretChars {
		return Resumed{}, ErrUnauthenticated
	}
	db := s.db.WithContext(ctx)
	sess, err := first[models.Session](db.Where("hash = ?", digest(secret)), "session")
	if errors.Is(err, ErrNotFound) {
		return Resumed{}, ErrUnauthenticated
	}
	if err != nil {
		return Resumed{}, err
	}
	now := s.now()
	if !now.Before(sess.ExpiresAt) || now.Sub(sess.LastSeenAt) >= s.idle {
		if err := db.Delete(&models.Session{}, sess.ID).Error; err != nil {
			return Resumed{}, fmt.Errorf("end expired session: %w", err)
		}
		return Resumed{}, ErrUnauthenticated
	}
	u, err := first[models.User](db.Where("id = ? AND NOT disabled", sess.UserID), "user")
	if errors.Is(err, ErrNotFound) {
		return Resumed{}, ErrUnauthenticated
	}
	if err != nil {
		return Resumed{}, err
	}
	if now.Sub(sess.LastSeenAt) >= touchEvery {
		sess.LastSeenAt = now
		if err := db.Model(&models.Session{}).Where("id = ?", sess.ID).UpdateColumn("last_seen_at", now).Error; err != nil {
			// A session is good even while the database cannot write.
			s.log.Warn("session use not noted", "session", sess.ID, "err", err)
		}
	}
	return Resumed{
		Principal: Principal{
			UserID: u.ID, Name: u.Name, Role: Role(u.Role), Scope: u.Scope,
			Via: ViaSession, Address: address, CredentialID: sess.ID,
		},
		Session: sess, User: u, CSRF: CSRFToken(secret),
	}, nil
}

// secretChars is the length of what newSecret makes: 32 bytes in base64.
const secretChars = 43

// CSRFToken returns the token that belongs to the session of that secret: it
// can be computed from the secret, but not the other way round.
func CSRFToken(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("aisle csrf token"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// CheckCSRF says whether the token belongs to the session of that secret.
func CheckCSRF(secret, token string) bool {
	return secret != "" && hmac.Equal([]byte(CSRFToken(secret)), []byte(token))
}

// SignOut ends the session of that secret; it is no error when there is none.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		res := tx.Where("hash = ?", digest(secret)).Delete(&models.Session{})
		if res.Error != nil {
			return fmt.Errorf("end session: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return nil
		}
		p, _ := From(ctx)
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "sign-out", ObjectType: "user", ObjectID: itoa(p.UserID), ObjectName: p.Name,
		})
	})
}

// Sessions lists the live sessions of a user, newest first. Users may see
// their own; others need ManageUsers.
func (s *Service) Sessions(ctx context.Context, userID uint64) ([]models.Session, error) {
	if err := s.requireSelf(ctx, userID); err != nil {
		return nil, err
	}
	var out []models.Session
	now := s.now()
	err := s.db.WithContext(ctx).Where("user_id = ? AND expires_at > ? AND last_seen_at > ?", userID, now, now.Add(-s.idle)).
		Order("id DESC").Find(&out).Error
	if err != nil {
		return nil, fmt.Errorf("list sessions of user %d: %w", userID, err)
	}
	return out, nil
}

// RevokeSession ends a session. Users may end their own; others need
// ManageUsers. Tokens end no sessions.
func (s *Service) RevokeSession(ctx context.Context, id uint64) error {
	if err := requirePerson(ctx); err != nil {
		return err
	}
	sess, err := first[models.Session](s.db.WithContext(ctx).Where("id = ?", id), "session "+itoa(id))
	if err != nil {
		return err
	}
	if err := s.requireSelf(ctx, sess.UserID); err != nil {
		// Who may not look must not learn which sessions exist.
		if errors.Is(err, ErrForbidden) {
			return fmt.Errorf("session %s: %w", itoa(id), ErrNotFound)
		}
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Delete(&models.Session{}, id).Error; err != nil {
			return fmt.Errorf("end session %d: %w", id, err)
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "revoke", ObjectType: "session", ObjectID: itoa(id), Before: sess,
		})
	})
}

// RevokeOtherSessions ends all sessions of the signed-in user but the one that
// asks, and returns how many that were. Tokens end no sessions.
func (s *Service) RevokeOtherSessions(ctx context.Context) (int64, error) {
	if err := requirePerson(ctx); err != nil {
		return 0, err
	}
	p, _ := From(ctx)
	if p.UserID == 0 {
		return 0, nil
	}
	var n int64
	err := s.tx(ctx, func(tx *gorm.DB) error {
		res := tx.Where("user_id = ? AND id <> ?", p.UserID, p.CredentialID).Delete(&models.Session{})
		if res.Error != nil {
			return fmt.Errorf("end other sessions of user %s: %w", p.Name, res.Error)
		}
		if n = res.RowsAffected; n == 0 {
			return nil
		}
		return s.audit.Record(ctx, tx, models.AuditEvent{
			Action: "revoke-others", ObjectType: "session", ObjectID: itoa(p.UserID), ObjectName: p.Name, Detail: fmt.Sprintf("%d sessions", n),
		})
	})
	return n, err
}

// Sweep deletes expired sessions, and links used or expired more than a day
// ago. Call it now and then; nothing depends on it but the size of the tables.
func (s *Service) Sweep(ctx context.Context) error {
	if err := RequireSystem(ctx, ManageUsers); err != nil {
		return err
	}
	db, now := s.db.WithContext(ctx), s.now()
	if err := db.Where("expires_at <= ? OR last_seen_at <= ?", now, now.Add(-s.idle)).Delete(&models.Session{}).Error; err != nil {
		return fmt.Errorf("delete expired sessions: %w", err)
	}
	if err := db.Where("expires_at <= ?", now.Add(-24*time.Hour)).Delete(&models.SignInLink{}).Error; err != nil {
		return fmt.Errorf("delete expired sign-in links: %w", err)
	}
	return nil
}

// ErrReauthenticate asks a signed-in person to show again who it is.
var ErrReauthenticate = errors.New("show again who you are")

// Reauthenticate returns nil when the signed-in person has just shown who it
// is: by the password, or by a session that began no longer than fresh ago.
// Tokens cannot. Without a password and a fresh session it is
// ErrReauthenticate, with a wrong password ErrBadCredentials.
func (s *Service) Reauthenticate(ctx context.Context, password string, fresh time.Duration) error {
	if err := requirePerson(ctx); err != nil {
		return err
	}
	p, _ := From(ctx)
	if password == "" {
		sess, err := first[models.Session](s.db.WithContext(ctx).Where("id = ? AND user_id = ?", p.CredentialID, p.UserID), "session")
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err != nil || s.now().Sub(sess.CreatedAt) > fresh {
			return ErrReauthenticate
		}
		return nil
	}
	u, err := first[models.User](s.db.WithContext(ctx).Where("id = ?", p.UserID), "user "+itoa(p.UserID))
	if err != nil {
		return err
	}
	if wait := s.limiter.begin(u.Name, p.Address, s.now()); wait > 0 {
		return &TooManyAttemptsError{RetryAfter: wait}
	}
	if len(password) > MaxPasswordBytes || u.PasswordHash == "" {
		return ErrBadCredentials
	}
	ok, _, err := s.hasher.verify(ctx, u.PasswordHash, password)
	if err != nil {
		return err
	}
	if !ok {
		s.recordFailure(ctx, u.Name, "reauthenticate")
		return ErrBadCredentials
	}
	s.limiter.succeed(u.Name, p.Address, s.now())
	return nil
}
