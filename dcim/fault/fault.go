// Package fault holds the kinds of errors by which the domain tells what went
// wrong, so that those above can answer each in its way: a missing thing, a
// clash with what is there, a value that cannot be.
package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models/reason"
)

// Kinds of errors; test with errors.Is.
var (
	// ErrNotFound means that there is no such thing; the error is a
	// *NotFoundError.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that what is there stands in the way; the error is a
	// *ConflictError, or a violated constraint of the database.
	ErrConflict = errors.New("conflict")
	// ErrInvalid means that a field has a value it cannot have; the error is
	// an *InvalidError, or a violated constraint of the database.
	ErrInvalid = errors.New("invalid")
)

// NotFoundError names what is not there.
type NotFoundError struct {
	// Object is the sort of thing: "rack", "device type".
	Object string
	// ID is its number or name.
	ID string
}

// NotFound returns a *NotFoundError; id is a number or a name.
func NotFound(object string, id any) error {
	return &NotFoundError{Object: object, ID: fmt.Sprint(id)}
}

func (e *NotFoundError) Error() string { return e.Object + " " + e.ID + " not found" }

// Is makes every NotFoundError an ErrNotFound.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// Codes of a ConflictError.
const (
	// Taken: a name, tag or terminal is used by another thing.
	Taken = "taken"
	// Occupied: a place in a rack holds another device.
	Occupied = "occupied"
	// InUse: other things still refer to the one to be deleted or changed.
	InUse = "in-use"
	// Stale: somebody else has changed the thing since it was read.
	Stale = "stale"
	// LastAdministrator: nobody could manage users any more.
	LastAdministrator = "last-administrator"
)

// ConflictError says what stands in the way.
type ConflictError struct {
	// Code is stable, for translation.
	Code string
	// Field is the field at fault, in the API's spelling; it may be empty.
	Field string
	// Reason is in words fit for a user.
	Reason string
	// With names what stands in the way.
	With []string
	// Users tell of an InUse conflict what refers to the thing.
	Users []Users
}

// Users are things of one sort that refer to another.
type Users struct {
	// Objects is the plural in words: "racks".
	Objects string
	Count   int64
	// Names are the first few by name; empty for things without names.
	Names []string
}

// Conflict returns a *ConflictError.
func Conflict(code, field, reason string, with ...string) error {
	return &ConflictError{Code: code, Field: field, Reason: reason, With: with}
}

// Used returns the *ConflictError of a thing, such as "rack \"A1\"", that cannot
// be removed because of its users.
func Used(thing string, users ...Users) error {
	e := &ConflictError{Code: InUse, Users: users}
	for _, u := range users {
		with := fmt.Sprintf("%d %s", u.Count, u.Objects)
		if len(u.Names) > 0 {
			with += " (" + strings.Join(u.Names, ", ")
			if int64(len(u.Names)) < u.Count {
				with += ", …"
			}
			with += ")"
		}
		e.With = append(e.With, with)
	}
	e.Reason = thing + " is still used by " + strings.Join(e.With, ", ")
	return e
}

func (e *ConflictError) Error() string { return e.Reason }

// Is makes every ConflictError an ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// InvalidError names the field at fault.
type InvalidError struct {
	// Field is in the API's spelling.
	Field string
	// Code is stable, for translation: "required", "range", "unknown", "format".
	Code string
	// Reason is in words fit for a user.
	Reason string
	// Line is where in a text that was given, from 1; zero when it is not of
	// one line.
	Line int
	// Values are what the words of Code hold, by their names: "min", "max".
	Values map[string]string
}

// Invalid returns an *InvalidError.
func Invalid(field, code, reason string) error {
	return &InvalidError{Field: field, Code: code, Reason: reason}
}

// OutOfRange returns the *InvalidError of a number that is not from low to high of
// a unit, which may be empty.
func OutOfRange(field string, low, high int, unit string) error {
	return &InvalidError{
		Field: field, Code: "range", Reason: strings.TrimSpace(fmt.Sprintf("must be %d to %d %s", low, high, unit)),
		Values: map[string]string{"min": strconv.Itoa(low), "max": strconv.Itoa(high)},
	}
}

// Because returns the *InvalidError of a field for a cause, with its code and
// values where it is a *reason.Error; else the code is the one given.
func Because(field, code string, cause error) *InvalidError {
	out := &InvalidError{Field: field, Code: code, Reason: cause.Error()}
	if r := (*reason.Error)(nil); errors.As(cause, &r) {
		out.Code, out.Values = r.Code, r.Values
	}
	return out
}

func (e *InvalidError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// Is makes every InvalidError an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }
