package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/web/apigen"
)

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// ListUsers lists all users.
func (a *API) ListUsers(c echo.Context) error {
	rows, err := a.o.Accounts.Users(c.Request().Context())
	if err != nil {
		return err
	}
	out := apigen.UserList{Items: make([]apigen.User, len(rows))}
	for i, u := range rows {
		out.Items[i] = apigen.User{
			Id: u.ID, Name: u.Name, Role: apigen.Role(u.Role), Disabled: u.Disabled, LastSignIn: u.LastSignInAt, CreatedAt: optTime(u.CreatedAt),
		}
	}
	return answer(c, http.StatusOK, out)
}

// CreateUser adds a user.
func (a *API) CreateUser(c echo.Context) error {
	in, err := body[apigen.UserInput](c)
	if err != nil {
		return err
	}
	u, err := a.o.Accounts.CreateUser(c.Request().Context(), access.NewUser{Name: in.Name, Password: in.Password, Role: access.Role(in.Role)})
	if err != nil {
		return err
	}
	return created(c, u.ID)
}

// UpdateUser changes role, state or password of a user. The password comes
// first, for it may be refused.
func (a *API) UpdateUser(c echo.Context, id apigen.ID) error {
	in, err := body[apigen.UserChange](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if in.Password != nil {
		if err := a.o.Accounts.ResetPassword(ctx, id, *in.Password); err != nil {
			return err
		}
	}
	if in.Role != nil || in.Disabled != nil {
		change := access.UserChange{Role: (*access.Role)(in.Role), Disabled: in.Disabled}
		if _, err := a.o.Accounts.UpdateUser(ctx, id, change); err != nil {
			return err
		}
	}
	return c.NoContent(http.StatusNoContent)
}

// ListCredentials lists credentials without their secrets.
func (a *API) ListCredentials(c echo.Context) error {
	rows, err := a.o.Credentials.List(c.Request().Context())
	if err != nil {
		return err
	}
	out := apigen.CredentialList{Items: make([]apigen.Credential, len(rows))}
	for i, r := range rows {
		out.Items[i] = apigen.Credential{
			Id: r.ID, Name: r.Name, Kind: apigen.CredentialKind(r.Kind), User: opt(r.User), AuthProtocol: opt(r.AuthProtocol),
			PrivProtocol: opt(r.PrivProtocol), Context: opt(r.ContextName), Devices: r.Devices, Weakness: opt(r.Weakness), UpdatedAt: optTime(r.UpdatedAt),
		}
	}
	return answer(c, http.StatusOK, out)
}

// CreateCredential adds a credential.
func (a *API) CreateCredential(c echo.Context) error {
	in, err := body[apigen.CredentialInput](c)
	if err != nil {
		return err
	}
	r, err := a.o.Credentials.Create(c.Request().Context(), credential.New{
		Name: in.Name, Kind: credential.Kind(in.Kind),
		Secrets: credential.Secrets{
			Community: or(in.Community, ""), User: or(in.User, ""), ContextName: or(in.Context, ""),
			AuthProtocol: string(or(in.AuthProtocol, "")), AuthPassphrase: or(in.AuthPassword, ""),
			PrivProtocol: string(or(in.PrivProtocol, "")), PrivPassphrase: or(in.PrivPassword, ""),
		},
	})
	if err != nil {
		return err
	}
	return created(c, r.ID)
}

// UpdateCredential changes a credential; what devices are read with is taken
// anew.
func (a *API) UpdateCredential(c echo.Context, id apigen.ID) error {
	in, err := body[apigen.CredentialChange](c)
	if err != nil {
		return err
	}
	_, err = a.o.Credentials.Update(c.Request().Context(), id, credential.Change{
		Name: &in.Name, Seen: or(in.UpdatedAt, time.Time{}),
		Secrets: &credential.Secrets{
			Community: or(in.Community, ""), User: or(in.User, ""), ContextName: or(in.Context, ""),
			AuthProtocol: string(or(in.AuthProtocol, "")), AuthPassphrase: or(in.AuthPassword, ""),
			PrivProtocol: string(or(in.PrivProtocol, "")), PrivPassphrase: or(in.PrivPassword, ""),
		},
	})
	if err != nil {
		return err
	}
	if a.o.CredentialChanged != nil {
		a.o.CredentialChanged()
	}
	return c.NoContent(http.StatusNoContent)
}

// DeleteCredential removes a credential that no device uses.
func (a *API) DeleteCredential(c echo.Context, id apigen.ID) error {
	if err := a.o.Credentials.Delete(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ListAudit lists the audit log, newest first.
func (a *API) ListAudit(c echo.Context, params apigen.ListAuditParams) error {
	limit := or(params.Limit, 100)
	rows, err := a.o.Audit.List(c.Request().Context(), audit.Filter{}, audit.Page{BeforeSeq: or(params.Before, 0), Limit: limit})
	if err != nil {
		return err
	}
	out := apigen.AuditList{Items: make([]apigen.AuditEntry, len(rows))}
	for i, e := range rows {
		out.Items[i] = apigen.AuditEntry{
			Id: e.Seq, Time: e.Time(), Who: e.Actor, Via: opt(e.Via), Address: opt(e.Address), Action: e.Action,
			ObjectType: opt(e.ObjectType), ObjectId: opt(e.ObjectID), ObjectName: opt(e.ObjectName), Outcome: e.Outcome,
			Before: opt(e.Before), After: opt(e.After),
		}
	}
	if n := len(rows); n == limit && rows[n-1].Seq > 1 {
		out.Next = &rows[n-1].Seq
	}
	return answer(c, http.StatusOK, out)
}
