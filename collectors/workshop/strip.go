// Package workshop helps to write device profiles: it records devices, takes
// out of a recording what must not leave the site, judges whether readings can
// be true, and drafts a profile from a MIB or a table of registers.
package workshop

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// Stripper takes serial numbers, secrets and names out of recordings. The same
// text always becomes the same replacement, so that what belonged together
// still does.
type Stripper struct {
	texts   []replacement
	octets  []replacement // addresses of network cards, six bytes
	addrs   map[netip.Addr]netip.Addr
	serials map[string]bool // objects with a serial number or hardware address
	dropped int
	changed int
}

type replacement struct{ from, to string }

// NewStripper returns a Stripper. identity is what the profile read of the
// device; its serial number, hardware address, name, location and contact go.
// secrets are further texts: communities, passwords, names of people.
func NewStripper(identity map[string]string, secrets ...string) *Stripper {
	s := &Stripper{addrs: map[netip.Addr]netip.Addr{}, serials: map[string]bool{}}
	for _, x := range secrets {
		s.text(x, "secret")
	}
	for _, field := range []string{"serial", "name", "location", "contact", "mac"} {
		s.fact(field, identity[field])
	}
	return s
}

// fact hides one part of who a device is.
func (s *Stripper) fact(field, text string) {
	switch field {
	case "serial":
		s.text(text, "SERIAL")
	case "name", "location", "contact":
		s.text(text, field)
	case "mac":
		s.hardware(text)
	}
}

// facts hides who a device is. An object that holds nothing but a serial number
// is hidden in any form, as a number too.
func (s *Stripper) facts(all []profile.Fact) {
	for _, f := range all {
		s.fact(f.Field, f.Text)
		if (f.Field == "serial" || f.Field == "mac") && f.OID != "" {
			s.serials[f.OID] = true
		}
	}
}

// text adds a text to replace. Texts of one or two letters would hit too much.
func (s *Stripper) text(from, to string) {
	from = strings.TrimSpace(from)
	if len(from) < 3 || slices.ContainsFunc(s.texts, func(r replacement) bool { return strings.EqualFold(r.from, from) }) {
		return
	}
	s.texts = append(s.texts, replacement{from, replacementFor(from, to)})
	slices.SortStableFunc(s.texts, func(a, b replacement) int { return len(b.from) - len(a.from) }) // the longer one first
}

// replacementFor is as long as what it replaces: some devices tell fields by
// their length.
func replacementFor(from, to string) string {
	return to + strings.Repeat("X", max(0, len(from)-len(to)))
}

// serialPattern finds a serial number that stands in a text behind its name, as
// that of a network card does in many descriptions: "MN:CARD1 SN: ZZ0012T00345".
var serialPattern = regexp.MustCompile(`(?i)(\b(?:(?:s/?n|serial)\.?\s*[:#=]|serial\s*(?:no|nr|num|number)\b\.?\s*[:#=]?)\s*)([a-z0-9][a-z0-9-]{3,})`)

func (s *Stripper) hardware(text string) {
	b, err := hex.DecodeString(strings.NewReplacer(":", "", "-", "", ".", "", " ", "").Replace(text))
	if err != nil || len(b) != 6 || bytes.Equal(b, make([]byte, 6)) {
		return
	}
	if slices.ContainsFunc(s.octets, func(r replacement) bool { return r.from == string(b) }) {
		return
	}
	// 02:00:5e… is locally administered: it belongs to nobody.
	to := []byte{0x02, 0x00, 0x5e, 0x00, 0x53, byte(len(s.octets) + 1)}
	s.octets = append(s.octets, replacement{string(b), string(to)})
	for _, sep := range []string{":", "-", "", " "} {
		s.texts = append(s.texts, replacement{hexText(b, sep), hexText(to, sep)})
	}
}

func hexText(b []byte, sep string) string {
	parts := make([]string, len(b))
	for i, x := range b {
		parts[i] = fmt.Sprintf("%02x", x)
	}
	return strings.Join(parts, sep)
}

// private are subtrees that hold secrets, users, addresses and connections of
// the management network, and nothing that a profile reads.
var private = []string{
	"1.3.6.1.2.1.3",       // address translation
	"1.3.6.1.2.1.4",       // IP
	"1.3.6.1.2.1.6",       // TCP
	"1.3.6.1.2.1.7",       // UDP
	"1.3.6.1.2.1.11",      // SNMP counters
	"1.3.6.1.2.1.16",      // RMON with its logs
	"1.3.6.1.2.1.92",      // notification log
	"1.3.6.1.6.3.12",      // SNMP-TARGET-MIB
	"1.3.6.1.6.3.13",      // SNMP-NOTIFICATION-MIB
	"1.3.6.1.6.3.15",      // SNMP-USER-BASED-SM-MIB
	"1.3.6.1.6.3.16",      // VACM
	"1.3.6.1.6.3.18",      // SNMP-COMMUNITY-MIB
	"1.3.6.1.2.1.25.4",    // running programs with their arguments
	"1.3.6.1.2.1.25.6",    // installed software
	"1.0.8802.1.1.2.1.4",  // LLDP neighbours
	"1.3.6.1.4.1.9.9.23",  // CDP neighbours
	"1.3.6.1.2.1.17.4.3",  // bridge forwarding table
	"1.3.6.1.2.1.55.1.12", // IPv6 neighbours
}

// personal are the columns whose texts name a single device or person.
var personal = map[string]string{
	"1.3.6.1.2.1.1.4":             "contact",
	"1.3.6.1.2.1.1.5":             "name",
	"1.3.6.1.2.1.1.6":             "location",
	"1.3.6.1.2.1.47.1.1.1.1.11":   "SERIAL", // entPhysicalSerialNum
	"1.3.6.1.2.1.47.1.1.1.1.15":   "ASSET",  // entPhysicalAssetID
	"1.3.6.1.2.1.43.5.1.1.17":     "SERIAL", // prtGeneralSerialNumber
	"1.3.6.1.4.1.318.1.1.1.1.2.3": "SERIAL", // upsAdvIdentSerialNumber
}

// physAddress is ifPhysAddress.
const physAddress = "1.3.6.1.2.1.2.2.1.6"

var (
	emailPattern = regexp.MustCompile(`[\w.+-]+@[\w-]+\.[\w.-]+`)
	addrPattern  = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
)

// SNMP returns the recording without what is private.
func (s *Stripper) SNMP(rec *profile.Recording) *profile.Recording {
	for _, o := range rec.Objects { // what names the device anywhere is learned first
		name := profile.Dotted(o.OID)
		for column, to := range personal {
			if under(name, column) {
				s.text(o.Raw.String(), to)
			}
		}
		if under(name, physAddress) && o.Raw.Kind == profile.Bytes {
			s.hardware(hex.EncodeToString(o.Raw.Bytes))
		}
	}
	out := &profile.Recording{}
	for _, o := range rec.Objects {
		if slices.ContainsFunc(private, func(p string) bool { return under(profile.Dotted(o.OID), p) }) {
			s.dropped++
			continue
		}
		if o.Raw.Kind == profile.Bytes {
			b := s.bytes(o.Type, o.Raw.Bytes)
			if !bytes.Equal(b, o.Raw.Bytes) {
				s.changed++
				o.Raw.Bytes = b
			}
		}
		if n := &o.Raw; (n.Kind == profile.Int || n.Kind == profile.Uint) && s.serials[profile.Dotted(o.OID)] {
			s.changed++
			n.Int, n.Uint = 1, 1
		}
		out.Objects = append(out.Objects, o)
	}
	return out
}

func (s *Stripper) bytes(tag byte, b []byte) []byte {
	if tag == 64 && len(b) == 4 {
		a := s.address(netip.AddrFrom4([4]byte(b)))
		return a.AsSlice()
	}
	out := string(b)
	for _, r := range s.octets {
		out = strings.ReplaceAll(out, r.from, r.to)
	}
	return []byte(s.Text(out))
}

// Text replaces what is private in a text.
func (s *Stripper) Text(text string) string {
	for _, r := range s.texts {
		text = replaceFold(text, r.from, r.to)
	}
	text = serialPattern.ReplaceAllStringFunc(text, func(t string) string {
		m := serialPattern.FindStringSubmatch(t)
		if !strings.ContainsAny(m[2], "0123456789") {
			return t
		}
		return m[1] + replacementFor(m[2], "SERIAL")
	})
	text = emailPattern.ReplaceAllString(text, "someone@example.org")
	return addrPattern.ReplaceAllStringFunc(text, func(t string) string {
		a, err := netip.ParseAddr(t)
		if err != nil {
			return t
		}
		return s.address(a).String()
	})
}

// address maps an address into those for documentation, RFC 5737; masks and
// loopback keep their meaning.
func (s *Stripper) address(a netip.Addr) netip.Addr {
	if b := a.As4(); a.IsUnspecified() || a.IsLoopback() || b[0] == 255 {
		return a
	}
	to, ok := s.addrs[a]
	if !ok {
		to = netip.AddrFrom4([4]byte{192, 0, 2, byte(len(s.addrs)%254 + 1)})
		s.addrs[a] = to
	}
	return to
}

// Done tells how many objects were left out and how many changed.
func (s *Stripper) Done() (dropped, changed int) { return s.dropped, s.changed }

// replaceFold replaces without regard to the case of ASCII letters.
func replaceFold(text, from, to string) string {
	var b strings.Builder
	lower, find := asciiLower(text), asciiLower(from)
	for {
		i := strings.Index(lower, find)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteString(to)
		text, lower = text[i+len(find):], lower[i+len(find):]
	}
}

// asciiLower keeps every byte in its place, whatever the text is.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// under tells whether an object stands in a subtree.
func under(name, root string) bool {
	rest, ok := strings.CutPrefix(name, root)
	return ok && (rest == "" || rest[0] == '.')
}

// Modbus takes the texts of the identification functions and serial numbers
// out of registers that hold text. Numbers stay: which register is a serial
// number, only a profile knows.
func (s *Stripper) Modbus(rec *profile.ModbusRecording) {
	for id, text := range rec.DeviceID {
		rec.DeviceID[id] = s.Text(text)
	}
	rec.ServerID = s.Text(rec.ServerID)
	for _, r := range s.texts {
		rec.ReplaceText(r.from, r.to)
	}
}
