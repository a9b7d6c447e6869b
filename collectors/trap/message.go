package trap

import (
	"crypto/subtle"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// Tags of RFC 1157, RFC 2578 and RFC 3416.
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagOID      = 0x06
	tagSequence = 0x30
	tagIP       = 0x40

	tagTrapV1 = 0xA4
	tagInform = 0xA6
	tagTrapV2 = 0xA7
)

// The objects that say which notification it is and of whom: RFC 3418, RFC 3584.
const (
	sysUpTime       = "1.3.6.1.2.1.1.3.0"
	snmpTrapOID     = "1.3.6.1.6.3.1.1.4.1.0"
	snmpEnterprise  = "1.3.6.1.6.3.1.1.4.3.0"
	snmpTrapAddress = "1.3.6.1.6.3.18.1.3.0"
	snmpCommunity   = "1.3.6.1.6.3.18.1.4.0"
	standardTraps   = "1.3.6.1.6.3.1.1.5"
)

// variable is one object with its value as text.
type variable struct{ oid, text string }

// notification is what a message says.
type notification struct {
	version string
	inform  bool
	oid     string
	// agent is the address that it names as its origin; zero when none.
	agent     netip.Addr
	variables []variable
	// key is the same for an inform that is sent again.
	key digest
}

// versionOf reads the version of a message: 0, 1 or 3.
func versionOf(b []byte) (int64, error) {
	r := ber.NewReader(b)
	content, err := r.Expect(tagSequence)
	if err != nil {
		return 0, err
	}
	r = ber.NewReader(content)
	n, err := integer(&r)
	if err == nil && n != 0 && n != 1 && n != 3 {
		err = fmt.Errorf("%w: version %d", ber.ErrMalformed, n)
	}
	return n, err
}

func integer(r *ber.Reader) (int64, error) {
	b, err := r.Expect(tagInteger)
	if err != nil {
		return 0, err
	}
	n, ok := ber.Whole(tagInteger, b)
	if !ok {
		return 0, ber.ErrMalformed
	}
	return n, nil
}

// community takes a message of version 1 or 2c.
func (r *Receiver) community(b []byte, from netip.AddrPort, s *source, senders []Sender, forwarder bool) error {
	outer := ber.NewReader(b)
	content, err := outer.Expect(tagSequence)
	if err != nil {
		return err
	}
	msg := ber.NewReader(content)
	version, err := integer(&msg)
	if err != nil {
		return err
	}
	community, err := msg.Expect(tagOctets)
	if err != nil {
		return err
	}
	tag, body, err := msg.Next()
	if err != nil {
		return err
	}
	var n *notification
	var answer func() []byte
	if tag == tagTrapV1 && version == 0 {
		n, err = readV1(body)
	} else {
		var m ber.Message
		if m, err = ber.Decode(b); err != nil {
			return err
		}
		if m.Version != 1 || m.PDU != tagTrapV2 && m.PDU != tagInform {
			return fmt.Errorf("%w: no notification", ber.ErrMalformed)
		}
		n, err = readV2(m.Bindings)
		if err == nil && m.PDU == tagInform {
			n.inform, n.key = true, keyOf(from, b)
			reply := ber.Encode(nil, 1, string(m.Community), ber.Response, m.ID, ber.NoError, 0, bindingsOf(body))
			answer = func() []byte { return reply }
		}
		if n != nil {
			n.version = "v2c"
		}
	}
	if err != nil {
		return err
	}
	t := Trap{From: from.Addr()}
	if forwarder && n.agent.IsValid() && !n.agent.IsUnspecified() && n.agent != from.Addr() {
		t.From, t.Via = n.agent, from.Addr()
		if senders = r.opt.Senders(n.agent); len(senders) == 0 {
			return fmt.Errorf("%w: %s", errForeign, n.agent)
		}
	}
	if t.Device, err = r.ofCommunity(senders, community); err != nil {
		return err
	}
	r.handle(t, n, from, s, answer)
	return nil
}

// ofCommunity finds the device that a community belongs to. A device that is
// polled with SNMPv3 has none. Of a device that is read two ways, the one that
// is read with SNMP sends the traps.
func (r *Receiver) ofCommunity(senders []Sender, community []byte) (_ deviceID, err error) {
	err = errRefused
	var found deviceID
	mixed := slices.ContainsFunc(senders, speaksSNMP)
	for _, s := range senders {
		if s.Version == collectors.SNMPv3 || mixed && !speaksSNMP(s) {
			continue
		}
		if !r.opt.AnyCommunity && (s.Credential.Community == "" || subtle.ConstantTimeCompare([]byte(s.Credential.Community), community) != 1) {
			continue
		}
		if err == nil && found != s.Device {
			return 0, errAmbiguous
		}
		found, err = s.Device, nil
	}
	return found, err
}

func speaksSNMP(s Sender) bool {
	return s.Version == collectors.SNMPv1 || s.Version == collectors.SNMPv2c || s.Version == collectors.SNMPv3
}

// readV1 reads the body of a trap of version 1, RFC 1157 section 4.1.6.
func readV1(body []byte) (*notification, error) {
	n := &notification{version: "v1"}
	p := ber.NewReader(body)
	raw, err := p.Expect(tagOID)
	if err != nil {
		return nil, err
	}
	enterprise, err := ber.DecodeOID(raw)
	if err != nil {
		return nil, err
	}
	address, err := p.Expect(tagIP)
	if err != nil {
		return nil, err
	}
	n.agent, _ = netip.AddrFromSlice(address)
	var generic, specific int64
	if generic, err = integer(&p); err != nil {
		return nil, err
	}
	if specific, err = integer(&p); err != nil {
		return nil, err
	}
	if _, _, err = p.Next(); err != nil { // time stamp
		return nil, err
	}
	list, err := p.Expect(tagSequence)
	if err != nil {
		return nil, err
	}
	// RFC 3584 section 3.1.
	switch {
	case generic >= 0 && generic < 6:
		n.oid = standardTraps + "." + strconv.FormatInt(generic+1, 10)
	case specific < 0:
		return nil, ber.ErrMalformed
	default:
		n.oid = profile.Dotted(enterprise) + ".0." + strconv.FormatInt(specific, 10)
	}
	return n, n.read(ber.NewReader(list))
}

// readV2 reads the bindings of a notification of version 2c or 3.
func readV2(bindings ber.Reader) (*notification, error) {
	n := &notification{}
	if err := n.read(bindings); err != nil {
		return nil, err
	}
	if n.oid == "" {
		return nil, fmt.Errorf("%w: it does not say which notification it is", ber.ErrMalformed)
	}
	return n, nil
}

// bindingsOf returns the content of the list of bindings of a PDU body that was
// read before.
func bindingsOf(body []byte) []byte {
	p := ber.NewReader(body)
	var content []byte
	for range 4 {
		_, content, _ = p.Next()
	}
	return content
}

// maxVariables and maxText bound what one trap may say.
const (
	maxVariables = 40
	maxText      = 512
	// maxBindings bounds those that are read at all.
	maxBindings = 500
)

func (n *notification) read(list ber.Reader) error {
	for i := 0; !list.Done(); i++ {
		if i == maxBindings {
			return fmt.Errorf("%w: more than %d variables", ber.ErrMalformed, maxBindings)
		}
		name, tag, content, err := list.Binding()
		if err != nil {
			return err
		}
		oid, err := ber.DecodeOID(name)
		if err != nil {
			return err
		}
		switch v := (variable{profile.Dotted(oid), textOf(tag, content)}); v.oid {
		case snmpTrapOID:
			if n.oid == "" && tag == tagOID {
				n.oid = v.text
			}
		case snmpTrapAddress:
			if a, ok := netip.AddrFromSlice(content); ok {
				n.agent = a
			}
		case sysUpTime, snmpEnterprise, snmpCommunity:
		default:
			if len(n.variables) < maxVariables {
				n.variables = append(n.variables, v)
			}
		}
	}
	return nil
}

// textOf makes a value fit for people: octets that are no text in hexadecimal.
func textOf(tag byte, content []byte) string {
	var s string
	raw, err := ber.Value(tag, content)
	switch {
	case err != nil:
		return ""
	case tag == tagIP && (len(content) == 4 || len(content) == 16):
		a, _ := netip.AddrFromSlice(content)
		return a.String()
	case raw.Kind == profile.Bytes:
		s = strings.TrimRight(string(raw.Bytes), "\x00")
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\t' && c != '\n' && c != '\r' }) {
			b := raw.Bytes
			if len(b) > maxText/2 {
				b = b[:maxText/2]
			}
			return fmt.Sprintf("%X", b)
		}
	case raw.Kind == profile.OID:
		s = string(raw.Bytes)
	case raw.Kind == profile.Int:
		return strconv.FormatInt(raw.Int, 10)
	case raw.Kind == profile.Uint:
		return strconv.FormatUint(raw.Uint, 10)
	case raw.Kind == profile.Float:
		return strconv.FormatFloat(raw.Float, 'g', -1, 64)
	}
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText-3], "") + "…"
	}
	return s
}
