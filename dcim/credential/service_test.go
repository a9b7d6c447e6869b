package credential_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/access/accesstest"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/dcim/credential"
)

const (
	community = "xk-community-71"
	authPass  = "xk-auth-passphrase"
	privPass  = "xk-priv-passphrase"
)

func ring(t *testing.T, keys ...byte) *credential.Keyring {
	t.Helper()
	var ks [][]byte
	for _, k := range keys {
		ks = append(ks, bytes.Repeat([]byte{k}, credential.KeyBytes))
	}
	r, err := credential.NewKeyring(ks[0], ks[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func service(t *testing.T, db *gorm.DB, log *slog.Logger, keys ...byte) *credential.Service {
	t.Helper()
	a, err := audit.New(audit.Options{DB: db, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s, err := credential.NewService(credential.Options{DB: db, Keys: ring(t, keys...), Audit: a, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestService(t *testing.T) {
	accesstest.Run(t, func(t *testing.T, db *gorm.DB) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s := service(t, db, log, 1)
		eng := access.With(t.Context(), access.Principal{UserID: 1, Name: "eva", Role: access.Engineer, Via: access.ViaSession})
		sys := access.System(t.Context(), "poller")
		v2 := credential.New{Name: "hall 1", Kind: credential.SNMPCommunity, Secrets: credential.Secrets{Community: community, User: "ignored"}}

		for _, role := range []access.Role{access.Viewer, access.Operator, access.Planner} {
			ctx := access.With(t.Context(), access.Principal{UserID: 2, Role: role, Via: access.ViaSession})
			if _, err := s.Create(ctx, v2); !errors.Is(err, access.ErrForbidden) {
				t.Errorf("%s creates: %v", role, err)
			}
			if _, err := s.List(ctx); !errors.Is(err, access.ErrForbidden) {
				t.Errorf("%s lists: %v", role, err)
			}
		}
		one, err := s.Create(eng, v2)
		if err != nil || one.Weakness == "" {
			t.Fatal(one, err)
		}
		two, err := s.Create(eng, credential.New{Name: "hall 2", Kind: credential.SNMPv3, Secrets: credential.Secrets{
			User: "aisle", AuthProtocol: "sha256", AuthPassphrase: authPass, PrivProtocol: "aes", PrivPassphrase: privPass,
		}})
		if err != nil || two.Weakness != "" {
			t.Fatal(two, err)
		}
		if _, err := s.Create(eng, v2); !errors.Is(err, credential.ErrConflict) {
			t.Error("same name:", err)
		}
		name := "hall 1"
		if _, err := s.Update(eng, two.ID, credential.Change{Name: &name}); !errors.Is(err, credential.ErrConflict) {
			t.Error("same name:", err)
		}

		admin := access.With(t.Context(), access.Principal{UserID: 3, Role: access.Administrator, Via: access.ViaSession})
		if _, err := s.Open(admin, one.ID); !errors.Is(err, access.ErrForbidden) {
			t.Error("administrator opens:", err)
		}
		o, err := s.Open(sys, one.ID)
		if err != nil || o.Secrets.Community != community || o.Secrets.User != "" {
			t.Error("open:", err)
		}
		o, err = s.Open(sys, two.ID)
		if err != nil || o.Secrets.AuthPassphrase != authPass || o.Secrets.AuthProtocol != "SHA256" {
			t.Error("open:", err)
		}

		// A blob copied to another row is worthless.
		var blob string
		db.Table("credentials").Where("id = ?", one.ID).Pluck("secret", &blob)
		db.Table("credentials").Where("id = ?", two.ID).Update("secret", blob)
		if _, err := s.Open(sys, two.ID); !errors.Is(err, credential.ErrDamaged) {
			t.Error("moved blob:", err)
		}
		sec := credential.Secrets{User: "aisle", AuthProtocol: "MD5", AuthPassphrase: authPass, PrivProtocol: "DES", PrivPassphrase: privPass}
		if two, err = s.Update(eng, two.ID, credential.Change{Secrets: &sec}); err != nil || two.Weakness != "MD5 is weak" {
			t.Error(two, err)
		}

		// Another key: told in the list, refused at opening; both keys: moved over.
		if _, err := service(t, db, log, 2).Open(sys, one.ID); !errors.Is(err, credential.ErrKey) {
			t.Error("other key:", err)
		}
		if n, err := service(t, db, log, 2, 1).Rekey(sys); err != nil || n != 2 {
			t.Error("rekey:", n, err)
		}
		if o, err := service(t, db, log, 2).Open(sys, one.ID); err != nil || o.Secrets.Community != community {
			t.Error("after rekey:", err)
		}
		list, err := s.List(eng)
		if err != nil || len(list) != 2 || !strings.Contains(list[0].Weakness, "another key") {
			t.Error(list, err)
		}

		// Nothing secret is in the log, the audit log, the table or what prints.
		log.Info("opened", "credential", o, "secrets", o.Secrets)
		j, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			fmt.Fprintf(&out, verb+verb, o, o.Secrets)
		}
		for _, table := range []string{"credentials", "audit_entries"} {
			var rows []map[string]any
			if err := db.Table(table).Find(&rows).Error; err != nil || len(rows) == 0 {
				t.Fatal(table, err)
			}
			fmt.Fprint(&out, rows)
		}
		for _, secret := range []string{community, authPass, privPass} {
			if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
				t.Errorf("%s is written somewhere", secret)
			}
		}
		if err := s.Delete(eng, two.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Get(eng, two.ID); !errors.Is(err, credential.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestInvalid(t *testing.T) {
	db := accesstest.SQLite(t)
	s := service(t, db, nil, 1)
	sys := access.System(t.Context(), "test")
	for _, tt := range []struct {
		field string
		n     credential.New
	}{
		{"name", credential.New{Name: " ", Kind: credential.SNMPCommunity, Secrets: credential.Secrets{Community: "c"}}},
		{"kind", credential.New{Name: "a", Kind: "ssh"}},
		{"community", credential.New{Name: "a", Kind: credential.SNMPCommunity}},
		{"community", credential.New{Name: "a", Kind: credential.SNMPCommunity, Secrets: credential.Secrets{Community: strings.Repeat("x", 256)}}},
		{"user", credential.New{Name: "a", Kind: credential.SNMPv3}},
		{"auth_protocol", credential.New{Name: "a", Kind: credential.SNMPv3, Secrets: credential.Secrets{User: "u", AuthProtocol: "CRC"}}},
		{"auth_protocol", credential.New{Name: "a", Kind: credential.SNMPv3, Secrets: credential.Secrets{User: "u", PrivProtocol: "AES", PrivPassphrase: privPass}}},
		{"auth_passphrase", credential.New{Name: "a", Kind: credential.SNMPv3, Secrets: credential.Secrets{User: "u", AuthProtocol: "SHA", AuthPassphrase: "short"}}},
		{"priv_protocol", credential.New{Name: "a", Kind: credential.SNMPv3, Secrets: credential.Secrets{User: "u", PrivPassphrase: privPass}}},
		// Modbus is not spoken over TLS: nothing would use a certificate.
		{"kind", credential.New{Name: "a", Kind: "modbus"}},
	} {
		_, err := s.Create(sys, tt.n)
		var inv *credential.InvalidError
		if !errors.As(err, &inv) || inv.Field != tt.field || !errors.Is(err, credential.ErrInvalid) {
			t.Errorf("%+v: %v", tt.n.Name, err)
		}
	}
}
