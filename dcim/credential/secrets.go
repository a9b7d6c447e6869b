package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind says what a credential is for.
type Kind string

// The kinds.
const (
	// SNMPCommunity is a community of SNMP v1 and v2c.
	SNMPCommunity Kind = "snmp-community"
	// SNMPv3 is a user of the user-based security model, RFC 3414.
	SNMPv3 Kind = "snmp-v3"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{SNMPCommunity, SNMPv3} }

// AuthProtocols and PrivProtocols are the names of the protocols of SNMPv3, as
// profiles and the command line spell them. A key that is too short for AES192
// and AES256 is lengthened as in draft-blumenthal-aes-usm, for AES192C and
// AES256C as in draft-reeder-snmpv3-usm, which Cisco's agents follow.
var (
	authProtocols = []string{"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"}
	privProtocols = []string{"DES", "AES", "AES192", "AES256", "AES192C", "AES256C"}
)

// AuthProtocols returns the names of the authentication protocols.
func AuthProtocols() []string { return slices.Clone(authProtocols) }

// PrivProtocols returns the names of the privacy protocols.
func PrivProtocols() []string { return slices.Clone(privProtocols) }

// Secrets is what a credential holds; which fields count depends on its kind.
// It shows itself masked in JSON, logs and %v.
type Secrets struct {
	// Community of SNMP v1 and v2c.
	Community string

	// User, AuthProtocol, PrivProtocol and the passphrases of SNMPv3. Empty
	// protocols mean no authentication or no privacy.
	User           string
	AuthProtocol   string
	AuthPassphrase string
	PrivProtocol   string
	PrivPassphrase string
	ContextName    string
}

// plain is Secrets without its masking methods, for sealing.
type plain Secrets

// Mask stands for a secret.
const Mask = "********"

// String masks.
func (Secrets) String() string { return Mask }

// GoString masks.
func (Secrets) GoString() string { return Mask }

// Format masks every verb.
func (Secrets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Mask)) }

// MarshalJSON masks.
func (Secrets) MarshalJSON() ([]byte, error) { return json.Marshal(Mask) }

// LogValue masks in slog.
func (Secrets) LogValue() slog.Value { return slog.StringValue(Mask) }

// InvalidError names the field at fault and why; it never holds its value.
type InvalidError struct {
	Field, Code, Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// Is makes every InvalidError an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Errors of the service; test with errors.Is.
var (
	ErrInvalid  = errors.New("invalid credential")
	ErrNotFound = errors.New("credential not found")
	// ErrConflict means that the name is taken, or that devices use the
	// credential that is to be deleted.
	ErrConflict = errors.New("credential conflict")
)

// check returns the secrets in canonical form: upper-case protocols, and
// nothing that the kind does not use.
func (s Secrets) check(k Kind) (Secrets, error) {
	bad := func(field, code, reason string) (Secrets, error) {
		return Secrets{}, &InvalidError{field, code, reason}
	}
	for field, v := range map[string]string{
		"community": s.Community, "user": s.User, "auth_passphrase": s.AuthPassphrase,
		"priv_passphrase": s.PrivPassphrase, "context_name": s.ContextName,
	} {
		if len(v) > 255 || !utf8.ValidString(v) {
			return bad(field, "length", "must be text of at most 255 bytes")
		}
	}
	switch k {
	case SNMPCommunity:
		if s.Community == "" {
			return bad("community", "empty", "must not be empty")
		}
		return Secrets{Community: s.Community}, nil
	case SNMPv3:
		return s.checkV3()
	}
	return bad("kind", "unknown", fmt.Sprintf("must be one of %v", Kinds()))
}

// onto returns s with the secrets of old where it has none. What is no secret is
// taken from s, and a passphrase goes with its protocol.
func (s Secrets) onto(old Secrets) Secrets {
	for _, f := range []struct {
		have *string
		old  string
		keep bool
	}{
		{&s.Community, old.Community, true},
		{&s.AuthPassphrase, old.AuthPassphrase, s.AuthProtocol != ""},
		{&s.PrivPassphrase, old.PrivPassphrase, s.PrivProtocol != ""},
	} {
		if *f.have == "" && f.keep {
			*f.have = f.old
		}
	}
	return s
}

func (s Secrets) checkV3() (Secrets, error) {
	bad := func(field, code, reason string) (Secrets, error) {
		return Secrets{}, &InvalidError{field, code, reason}
	}
	out := Secrets{
		User: s.User, ContextName: s.ContextName,
		AuthProtocol: strings.ToUpper(s.AuthProtocol), AuthPassphrase: s.AuthPassphrase,
		PrivProtocol: strings.ToUpper(s.PrivProtocol), PrivPassphrase: s.PrivPassphrase,
	}
	switch {
	case out.User == "" || len(out.User) > 32:
		// RFC 3414 section 5, usmUserName SIZE(1..32).
		return bad("user", "length", "must be 1 to 32 bytes")
	case out.AuthProtocol != "" && !slices.Contains(authProtocols, out.AuthProtocol):
		return bad("auth_protocol", "unknown", "must be one of "+strings.Join(authProtocols, ", "))
	case out.PrivProtocol != "" && !slices.Contains(privProtocols, out.PrivProtocol):
		return bad("priv_protocol", "unknown", "must be one of "+strings.Join(privProtocols, ", "))
	case out.PrivProtocol != "" && out.AuthProtocol == "":
		return bad("auth_protocol", "missing", "privacy needs authentication")
	// RFC 3414 section 11.2 asks for passphrases of 8 characters at least.
	case out.AuthProtocol != "" && len(out.AuthPassphrase) < 8:
		return bad("auth_passphrase", "too_short", "must be at least 8 bytes")
	case out.PrivProtocol != "" && len(out.PrivPassphrase) < 8:
		return bad("priv_passphrase", "too_short", "must be at least 8 bytes")
	case out.AuthProtocol == "" && out.AuthPassphrase != "":
		return bad("auth_protocol", "missing", "a passphrase is given without its protocol")
	case out.PrivProtocol == "" && out.PrivPassphrase != "":
		return bad("priv_protocol", "missing", "a passphrase is given without its protocol")
	}
	return out, nil
}

// weakness says why the secrets protect little, or nothing when they are fit.
func (s Secrets) weakness(k Kind) string {
	switch {
	case k == SNMPCommunity:
		return "sent in clear text"
	case k != SNMPv3:
		return ""
	case s.AuthProtocol == "":
		return "no authentication"
	case s.PrivProtocol == "":
		return "no privacy"
	case s.AuthProtocol == "MD5":
		return "MD5 is weak"
	case s.PrivProtocol == "DES":
		return "DES is weak"
	}
	return ""
}
