package snmp

import (
	"errors"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/models"
)

// usmTarget starts an agent with one SNMPv3 user.
func usmTarget(t *testing.T, user usm.User) (*Engine, collectors.Target) {
	t.Helper()
	prepared, err := user.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	model, err := agent.NewUSM([]byte("\x80\x00\x00\x00\x04agent"), 3, prepared)
	if err != nil {
		t.Fatal(err)
	}
	e, _, target := start(t, 70, agent.Options{Community: "public", USM: model})
	target.Protocol = collectors.SNMPv3
	target.SNMP = collectors.SNMPCredential{
		User: user.Name, AuthProtocol: user.AuthProtocol, AuthPassword: user.AuthPassword,
		PrivProtocol: user.PrivProtocol, PrivPassword: user.PrivPassword,
	}
	return e, target
}

func TestUSMProtocols(t *testing.T) {
	for _, auth := range []string{"", "MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"} {
		for _, priv := range []string{"", "DES", "AES", "AES192", "AES256", "AES192C", "AES256C"} {
			if auth == "" && priv != "" {
				continue
			}
			t.Run(auth+"/"+priv, func(t *testing.T) {
				user := usm.User{Name: "monitor", AuthProtocol: auth, PrivProtocol: priv}
				if auth != "" {
					user.AuthPassword = "auth password"
				}
				if priv != "" {
					user.PrivPassword = "priv password"
				}
				e, target := usmTarget(t, user)
				got, err := readAll(t, e, target)
				if err != nil {
					t.Fatal(err)
				}
				if r := got["outlet/70/current"]; len(got) != 71 || r.Quality != models.Good || r.Value != 70 {
					t.Errorf("%d points, outlet 70: %+v", len(got), r)
				}
			})
		}
	}
}

func TestUSMRefusals(t *testing.T) {
	user := usm.User{Name: "monitor", AuthProtocol: "SHA256", AuthPassword: "auth password", PrivProtocol: "AES", PrivPassword: "priv password"}
	tests := []struct {
		name string
		edit func(*collectors.SNMPCredential)
		want error
		says string
	}{
		{"unknown user", func(c *collectors.SNMPCredential) { c.User = "nobody" }, collectors.ErrAuth, "does not know user"},
		{"auth password", func(c *collectors.SNMPCredential) { c.AuthPassword = "another password" }, collectors.ErrAuth, "authentication protocol or password"},
		{"auth protocol", func(c *collectors.SNMPCredential) { c.AuthProtocol = "SHA" }, collectors.ErrAuth, "authentication protocol or password"},
		{"priv password", func(c *collectors.SNMPCredential) { c.PrivPassword = "another password" }, collectors.ErrAuth, "privacy protocol or password"},
		{"no privacy", func(c *collectors.SNMPCredential) { c.PrivProtocol, c.PrivPassword = "", "" }, collectors.ErrAuth, "security level"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, target := usmTarget(t, user)
			tt.edit(&target.SNMP)
			got, err := readAll(t, e, target)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%d readings, %v; want %v that says %q", len(got), err, tt.want, tt.says)
			}
		})
	}
}
