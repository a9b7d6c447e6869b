package access

import (
	"errors"
	"fmt"
	"time"
)

// Kinds of errors; test with errors.Is.
var (
	// ErrUnauthenticated means that nobody proved who they are, or that the
	// session or token is unknown, expired, revoked or of a disabled user.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrForbidden means that the principal is known and may not do it.
	ErrForbidden = errors.New("not permitted")
	// ErrBadCredentials is the one answer to every failed sign-in, whatever
	// the reason.
	ErrBadCredentials = errors.New("name or password is wrong")
	// ErrTooManyAttempts means that this address must wait before it tries
	// this account again; the error is a *TooManyAttemptsError.
	ErrTooManyAttempts = errors.New("too many attempts")
	// ErrAlreadySetUp means that a user exists, so the first administrator
	// cannot be created any more.
	ErrAlreadySetUp = errors.New("already set up")
	// ErrNotFound means that there is no such user, session or token.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the name is taken, or that the last
	// administrator would be lost.
	ErrConflict = errors.New("conflict")
	// ErrInvalid means that a field has a value it cannot have; the error is
	// an *InvalidError.
	ErrInvalid = errors.New("invalid")
)

// ForbiddenError says what was refused.
type ForbiddenError struct {
	Operation Operation
	// Site is zero when no site was concerned.
	Site uint64
}

func (e *ForbiddenError) Error() string {
	if e.Site != 0 {
		return fmt.Sprintf("not permitted: %s in site %d", e.Operation, e.Site)
	}
	return fmt.Sprintf("not permitted: %s", e.Operation)
}

// Is makes every ForbiddenError an ErrForbidden.
func (e *ForbiddenError) Is(target error) bool { return target == ErrForbidden }

// InvalidError names the field at fault, in the API's spelling, and the reason
// in words fit for a user. Code is stable, for translation.
type InvalidError struct {
	Field, Code, Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// Is makes every InvalidError an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// TooManyAttemptsError says how long to wait.
type TooManyAttemptsError struct {
	RetryAfter time.Duration
}

func (e *TooManyAttemptsError) Error() string {
	return fmt.Sprintf("too many attempts, try again in %s", e.RetryAfter.Round(time.Second))
}

// Is makes every TooManyAttemptsError an ErrTooManyAttempts.
func (e *TooManyAttemptsError) Is(target error) bool { return target == ErrTooManyAttempts }
