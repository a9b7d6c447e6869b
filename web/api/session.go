package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/auth"
	"github.com/aisle-dcim/aisle/web/problem"
)

// GetSetup tells whether the first administrator has still to be created.
func (a *API) GetSetup(c echo.Context) error {
	needed, err := a.o.Accounts.NeedsSetup(c.Request().Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, apigen.SetupState{Needed: needed, TokenRequired: needed && !a.o.Guard.Local(c.Request())})
}

// CreateFirstAdministrator ends the set-up.
func (a *API) CreateFirstAdministrator(c echo.Context) error {
	in, err := body[apigen.SetupRequest](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if !a.o.Guard.Local(c.Request()) && !a.o.Setup.Check(or(in.Token, "")) {
		if needed, err := a.o.Accounts.NeedsSetup(ctx); err != nil {
			return err
		} else if !needed {
			return access.ErrAlreadySetUp
		}
		return problem.Field(http.StatusForbidden, "token", "the one-time token, which the server printed at its start, is missing or wrong")
	}
	n := access.NewUser{Name: in.Name, Password: in.Password, Language: string(or(in.Language, ""))}
	if _, err := a.o.Accounts.Bootstrap(ctx, n, c.RealIP()); err != nil {
		return err
	}
	a.o.Setup.Spend()
	signed, err := a.o.Accounts.SignIn(ctx, a.signInRequest(c, in.Name, in.Password))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusCreated, signed)
}

func (a *API) signInRequest(c echo.Context, name, password string) access.SignInRequest {
	return access.SignInRequest{
		Name: name, Password: password, Address: c.RealIP(), UserAgent: c.Request().UserAgent(), Previous: a.o.Guard.Secret(c),
	}
}

// SignIn starts a session.
func (a *API) SignIn(c echo.Context) error {
	in, err := body[apigen.SignInRequest](c)
	if err != nil {
		return err
	}
	signed, err := a.o.Accounts.SignIn(c.Request().Context(), a.signInRequest(c, in.Name, in.Password))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusOK, signed)
}

// SignInWithLink starts a session by a one-time link.
func (a *API) SignInWithLink(c echo.Context) error {
	in, err := body[apigen.LinkRequest](c)
	if err != nil {
		return err
	}
	signed, err := a.o.Accounts.SignInWithLink(c.Request().Context(), in.Secret, a.signInRequest(c, "", ""))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusOK, signed)
}

func (a *API) welcome(c echo.Context, status int, s access.SignedIn) error {
	a.o.Guard.SetSession(c, s.Secret, s.Session.ExpiresAt)
	p := access.Principal{UserID: s.User.ID, Name: s.User.Name, Role: access.Role(s.User.Role), Scope: s.User.Scope, Via: access.ViaSession}
	return answer(c, status, apigen.Session{
		User: me(c, p, s.User), CsrfToken: s.CSRF, Operations: operations(p), ExpiresAt: optTime(s.Session.ExpiresAt),
	})
}

func operations(p access.Principal) []string {
	out := []string{}
	for _, op := range p.Operations() {
		out = append(out, string(op))
	}
	return out
}

// me tells of the user; what was not chosen is what the browser prefers.
func me(c echo.Context, p access.Principal, u models.User) apigen.Me {
	m := apigen.Me{
		Id: p.UserID, Name: p.Name, Role: apigen.Role(p.Role), Language: apigen.Language(u.Language), Theme: apigen.Theme(u.Theme),
	}
	if m.Language == "" {
		m.Language = preferredLanguage(c.Request().Header.Get("Accept-Language"))
	}
	if m.Theme == "" {
		m.Theme = "auto"
	}
	return m
}

// preferredLanguage takes the first language of the header that there is.
func preferredLanguage(header string) apigen.Language {
	for tag := range strings.SplitSeq(header, ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if tag == "vi" || tag == "en" {
			return apigen.Language(tag)
		}
	}
	return "en"
}

// GetSession tells who is signed in.
func (a *API) GetSession(c echo.Context) error {
	id := auth.From(c)
	s := apigen.Session{Operations: operations(id.Principal)}
	var u models.User
	if id.Session != nil {
		u = id.Session.User
		s.CsrfToken, s.ExpiresAt = id.Session.CSRF, optTime(id.Session.Session.ExpiresAt)
	} else if id.Principal.UserID != 0 {
		var err error
		if u, err = a.o.Accounts.User(c.Request().Context(), id.Principal.UserID); err != nil {
			return err
		}
	}
	s.User = me(c, id.Principal, u)
	return answer(c, http.StatusOK, s)
}

// SignOut ends the session. Tokens have none to end.
func (a *API) SignOut(c echo.Context) error {
	id := auth.From(c)
	if id.Session != nil {
		if err := a.o.Accounts.SignOut(c.Request().Context(), id.Secret); err != nil {
			return err
		}
		a.o.Guard.ClearSession(c)
	}
	return c.NoContent(http.StatusNoContent)
}

// SetPreferences changes language and theme.
func (a *API) SetPreferences(c echo.Context) error {
	in, err := body[apigen.Preferences](c)
	if err != nil {
		return err
	}
	id := auth.From(c).Principal.UserID
	if id == 0 {
		return problem.New(http.StatusForbidden, problem.Forbidden, "a token without an owner has no preferences")
	}
	language, theme := string(in.Language), string(in.Theme)
	if theme == "auto" {
		theme = ""
	}
	if _, err := a.o.Accounts.SetPreferences(c.Request().Context(), id, access.Preferences{Language: &language, Theme: &theme}); err != nil {
		return err
	}
	return answer(c, http.StatusOK, in)
}

// ChangePassword changes the own password.
func (a *API) ChangePassword(c echo.Context) error {
	in, err := body[apigen.PasswordChange](c)
	if err != nil {
		return err
	}
	if err := a.o.Accounts.ChangePassword(c.Request().Context(), in.Old, in.New); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ListTokens lists the own tokens; who manages users sees all.
func (a *API) ListTokens(c echo.Context) error {
	p := auth.From(c).Principal
	owner := p.UserID
	if p.Can(access.ManageUsers) {
		owner = 0
	} else if owner == 0 {
		return answer(c, http.StatusOK, apigen.TokenList{Items: []apigen.Token{}})
	}
	rows, err := a.o.Accounts.Tokens(c.Request().Context(), owner)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(t models.APIToken) bool { return t.RevokedAt != nil })
	out := apigen.TokenList{Items: make([]apigen.Token, len(rows))}
	for i, t := range rows {
		out.Items[i] = apigen.Token{
			Id: t.ID, Name: t.Name, Role: apigen.Role(t.Role), Prefix: opt(t.Prefix), CreatedAt: optTime(t.CreatedAt),
			ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt,
		}
	}
	return answer(c, http.StatusOK, out)
}

// CreateToken makes a token of the signed-in user.
func (a *API) CreateToken(c echo.Context) error {
	in, err := body[apigen.TokenInput](c)
	if err != nil {
		return err
	}
	token, row, err := a.o.Accounts.CreateToken(c.Request().Context(), access.NewToken{
		Name: in.Name, Role: access.Role(in.Role), TTL: days(or(in.Days, 0)),
	})
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, apigen.TokenCreated{Id: row.ID, Token: token})
}

// RevokeToken ends a token.
func (a *API) RevokeToken(c echo.Context, id apigen.ID) error {
	if err := a.o.Accounts.RevokeToken(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// EndOtherSessions ends the own sessions but this one.
func (a *API) EndOtherSessions(c echo.Context) error {
	if _, err := a.o.Accounts.RevokeOtherSessions(c.Request().Context()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// EndSession ends a session.
func (a *API) EndSession(c echo.Context, id apigen.ID) error {
	if err := a.o.Accounts.RevokeSession(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ListSessions lists live sessions.
func (a *API) ListSessions(c echo.Context, params apigen.ListSessionsParams) error {
	ctx := c.Request().Context()
	p, _ := access.From(ctx)
	out := apigen.SessionList{Items: []apigen.SessionEntry{}}
	user := or(params.User, p.UserID)
	if user == 0 { // a token without an owner
		return answer(c, http.StatusOK, out)
	}
	rows, err := a.o.Accounts.Sessions(ctx, user)
	if err != nil {
		return err
	}
	for _, s := range rows {
		out.Items = append(out.Items, apigen.SessionEntry{
			Id: s.ID, Current: p.Via == access.ViaSession && p.CredentialID == s.ID, Address: opt(s.Address), UserAgent: opt(s.UserAgent),
			CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt,
		})
	}
	return answer(c, http.StatusOK, out)
}
