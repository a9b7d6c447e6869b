// Package access decides who may do what. It knows the roles and operations,
// carries the principal through contexts, and keeps users, sessions, API
// tokens and one-time sign-in links.
//
// Every domain service calls Require (or RequireSite) before it does anything,
// so that no way in, be it the API, the command line or a later one, can go
// round the rules. What no rule allows is refused.
package access

import (
	"context"
	"slices"
)

// Via is the way by which a principal proved who it is.
type Via string

// The ways in.
const (
	ViaSession Via = "session"
	ViaToken   Via = "token"
	// ViaSystem is the program itself or its command line on the server.
	ViaSystem Via = "system"
)

// Principal is who acts. The zero value is nobody and may do nothing.
type Principal struct {
	// UserID is zero for the system and for tokens without an owner.
	UserID uint64
	Name   string
	Role   Role
	// Limit, when set, confines the principal to what this role may do too:
	// a token can do what both its own role and its owner's role allow.
	Limit Role
	// Scope are the ids of the sites the principal is confined to; empty
	// means all sites.
	Scope []uint64
	Via   Via
	// Address is the network address the request came from, for the audit
	// log; empty for the system.
	Address string
	// CredentialID is the id of the session or token, zero for the system.
	CredentialID uint64
}

// IsSystem says whether the principal is the program itself.
func (p Principal) IsSystem() bool { return p.Via == ViaSystem }

// Can says whether the principal may do op anywhere at all. A principal that
// is confined to sites cannot do operations that concern the whole system.
func (p Principal) Can(op Operation) bool {
	if p.Via == ViaSystem {
		_, known := matrix[op]
		return known
	}
	if p.Via == "" || !p.Role.Can(op) {
		return false
	}
	if p.Limit != "" && !p.Limit.Can(op) {
		return false
	}
	return len(p.Scope) == 0 || !systemWide[op]
}

// CanSite says whether the principal may do op in the site.
func (p Principal) CanSite(op Operation, site uint64) bool {
	return p.Can(op) && (len(p.Scope) == 0 || slices.Contains(p.Scope, site))
}

// Operations returns all that the principal may do, sorted: the user interface
// hides what is not in it. Hiding is a courtesy, Require is the rule.
func (p Principal) Operations() []Operation {
	var ops []Operation
	for _, op := range Operations() {
		if p.Can(op) {
			ops = append(ops, op)
		}
	}
	return ops
}

type (
	principalKey struct{}
	deniedKey    struct{}
)

// With returns a context in which p acts.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// System returns a context in which the program itself acts; who names the
// part of it, for the audit log ("poller", "command line").
func System(ctx context.Context, who string) context.Context {
	return With(ctx, Principal{Name: who, Via: ViaSystem})
}

// From returns who acts in ctx; ok is false when nobody does.
func From(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(Principal)
	return p, ok && p.Via != ""
}

// DeniedFunc is told of each refusal. It must be safe for concurrent use.
type DeniedFunc func(ctx context.Context, op Operation, err error)

// WithDenied returns a context in which refusals are told to f, so that
// attempts reach the audit log.
func WithDenied(ctx context.Context, f DeniedFunc) context.Context {
	return context.WithValue(ctx, deniedKey{}, f)
}

// Require returns nil when the principal of ctx may do op, ErrUnauthenticated
// when there is none and a *ForbiddenError (errors.Is ErrForbidden) otherwise.
// Call it before a transaction is begun: a refusal is written to the audit log
// in a transaction of its own.
func Require(ctx context.Context, op Operation) error {
	p, ok := From(ctx)
	switch {
	case !ok:
		return deny(ctx, op, ErrUnauthenticated)
	case !p.Can(op):
		return deny(ctx, op, &ForbiddenError{Operation: op})
	}
	return nil
}

// RequireSite is Require for something that belongs to a site.
func RequireSite(ctx context.Context, op Operation, site uint64) error {
	p, ok := From(ctx)
	switch {
	case !ok:
		return deny(ctx, op, ErrUnauthenticated)
	case !p.CanSite(op, site):
		return deny(ctx, op, &ForbiddenError{Operation: op, Site: site})
	}
	return nil
}

// RequireSystem returns nil when the program itself acts.
func RequireSystem(ctx context.Context, op Operation) error {
	p, ok := From(ctx)
	switch {
	case !ok:
		return deny(ctx, op, ErrUnauthenticated)
	case !p.IsSystem() || !p.Can(op):
		return deny(ctx, op, &ForbiddenError{Operation: op})
	}
	return nil
}

func deny(ctx context.Context, op Operation, err error) error {
	if f, ok := ctx.Value(deniedKey{}).(DeniedFunc); ok && f != nil {
		f(ctx, op, err)
	}
	return err
}

// Sites returns the site ids that queries must be confined to; all is true
// when there is no confinement. With no principal it returns no site at all.
func Sites(ctx context.Context) (ids []uint64, all bool) {
	p, ok := From(ctx)
	if !ok {
		return nil, false
	}
	return slices.Clone(p.Scope), len(p.Scope) == 0
}
