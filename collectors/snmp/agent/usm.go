package agent

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// USM answers SNMPv3 messages with the user-based security model of RFC 3414.
// It is safe for concurrent use.
type USM struct {
	engineID []byte
	boots    uint32
	start    time.Time
	users    map[string]*user
	// stats are the usmStats counters by their last sub-identifier.
	stats [7]atomic.Uint32
}

// user is a user with the keys of this engine, which one goroutine at a time
// may use.
type user struct {
	mu   sync.Mutex
	keys *usm.Keys
}

// The usmStats counters, RFC 3414 section 5.
const (
	unsupportedLevel = 1
	notInTimeWindow  = 2
	unknownUser      = 3
	unknownEngine    = 4
	wrongDigest      = 5
	decryptionError  = 6
)

// timeWindow is how far a message's time may be off, RFC 3414 section 2.2.3.
const timeWindow = 150

// NewUSM makes the security model of an agent. The engine id must be the
// agent's own; boots counts its restarts.
func NewUSM(engineID []byte, boots uint32, users ...*usm.Prepared) (*USM, error) {
	if len(engineID) < 5 || len(engineID) > 32 {
		return nil, fmt.Errorf("engine id of %d bytes is not between 5 and 32 (RFC 3411)", len(engineID))
	}
	u := &USM{engineID: engineID, boots: boots, start: time.Now(), users: map[string]*user{}}
	for _, x := range users {
		keys, err := x.Localise(engineID)
		if err != nil {
			return nil, err
		}
		u.users[x.Name] = &user{keys: keys}
	}
	return u, nil
}

// answer answers one message from the table; nil is silence.
func (u *USM) answer(request []byte, t *Table, opt Options) []byte {
	request = bytes.Clone(request)
	m, err := usm.Parse(request)
	if err != nil {
		return nil
	}
	if !bytes.Equal(m.EngineID, u.engineID) {
		return u.report(m, unknownEngine, nil)
	}
	x, ok := u.users[string(m.User)]
	if !ok {
		return u.report(m, unknownUser, nil)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if m.Flags&(usm.FlagAuth|usm.FlagPriv) != x.keys.Flags() {
		return u.report(m, unsupportedLevel, nil)
	}
	if m.Flags&usm.FlagAuth != 0 {
		if !x.keys.Authentic(request, &m) {
			return u.report(m, wrongDigest, nil)
		}
		if off := int64(m.Time) - int64(u.seconds()); m.Boots != u.boots || off > timeWindow || off < -timeWindow {
			return u.report(m, notInTimeWindow, x.keys)
		}
	}
	scoped, err := x.keys.Scoped(&m)
	if err != nil {
		return u.report(m, decryptionError, nil)
	}
	return u.respond(m, x.keys, scoped, t, opt)
}

// respond works out the answer to a scoped PDU.
func (u *USM) respond(m usm.Message, keys *usm.Keys, scoped []byte, t *Table, opt Options) []byte {
	p, err := usm.ParseScoped(scoped)
	if err != nil {
		return nil
	}
	const overhead = 200 // header, security parameters and padding
	status, index, bindings := t.respond(1, p.Tag, p.A, p.B, p.Bindings, opt.MaxMessage-overhead)
	if status < 0 {
		return nil
	}
	opt.asked(p.Bindings)
	p.Tag, p.A, p.B, p.ContextEngineID = ber.Response, status, index, u.engineID
	return u.seal(m, keys, keys.Flags(), p, bindings)
}

// report says why a message was refused; with keys it is authenticated, so
// that the time in it can be trusted. It is never encrypted.
func (u *USM) report(m usm.Message, counter int, keys *usm.Keys) []byte {
	n := u.stats[counter].Add(1)
	if m.Flags&usm.FlagReportable == 0 {
		return nil
	}
	name, err := ber.EncodeOID([]uint32{1, 3, 6, 1, 6, 3, 15, 1, 1, uint32(counter), 0})
	if err != nil {
		return nil
	}
	binding := ber.AppendBinding(nil, name, 0x41, ber.AppendInteger(nil, int64(n))[2:])
	var flags byte
	if keys != nil {
		flags = keys.Flags() & usm.FlagAuth
	} else {
		m.User = nil
	}
	return u.seal(m, keys, flags, usm.PDU{ContextEngineID: u.engineID, Tag: ber.Report}, binding)
}

func (u *USM) seconds() uint32 { return uint32(time.Since(u.start) / time.Second) }

func (u *USM) seal(m usm.Message, keys *usm.Keys, flags byte, p usm.PDU, bindings []byte) []byte {
	m.Flags, m.EngineID, m.Boots, m.Time = flags, u.engineID, u.boots, u.seconds()
	return usm.Append(nil, m, keys, p, bindings)
}
