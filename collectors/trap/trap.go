// Package trap receives SNMP traps and informs of versions 1, 2c and 3. What a
// trap says never changes a measured value: it is an event, and a reason to
// poll the device now.
//
// A trap counts when it comes from the address of a known device and bears that
// device's own credential: the community, or a user of SNMPv3 with its digest,
// at the level that the device is polled with. Everything else is counted and
// dropped.
package trap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// Trap is one notification of a device.
type Trap struct {
	Time time.Time
	// From is the device's address; of a trap that came through a forwarder it
	// is the one that the trap names, and Via is the forwarder.
	From, Via netip.Addr
	Device    models.DeviceID
	// Version is v1, v2c or v3.
	Version string
	// Inform: the sender waits for an answer.
	Inform bool
	// OID names the notification; those of SNMPv1 as RFC 3584 translates them.
	OID string
	// Name, Text and Severity are those of the profile that knows the OID;
	// otherwise Name is the OID and the severity unknown. Clears is the name of
	// the notification that this one ends.
	Name, Text, Clears string
	Severity           models.Severity
	Variables          []models.EventVariable
}

// Sender is a device that may send traps.
type Sender struct {
	Device models.DeviceID
	// Credential is what it is polled with, Version the protocol.
	Version    collectors.Protocol
	Credential collectors.SNMPCredential
}

// Fall is an SNMPv3 engine that counts fewer boots than were known of it.
type Fall struct {
	Device       models.DeviceID
	From         netip.Addr
	EngineID     []byte
	Boots, Known uint32
}

// Options of a Receiver. Listen, Senders and Handle are needed.
type Options struct {
	// Listen is host:port; the registered port is 162.
	Listen string
	// Library knows what notifications mean.
	Library *profile.Library
	// StateFile keeps our SNMPv3 engine id and how often we started. Empty
	// means an engine id for this run only. One that is spoilt is set aside.
	StateFile string
	// Senders are the devices at an address; several when they share it.
	Senders func(netip.Addr) []Sender
	// Handle takes a trap; it must not block. An inform is acknowledged when
	// done is called with nil; done is nil for what is no inform.
	Handle func(t Trap, done func(error))
	// Clock returns what polls showed of the clock of the SNMPv3 engine at an
	// address, and when; the zero time when none did. Nil knows of no polls.
	Clock func(address netip.Addr, engineID string) (boots, seconds uint32, at time.Time)
	// Fell is told once of an engine that counts fewer boots than before, so
	// that its traps are refused until a poll shows that it does. It must not
	// block; nil is told nothing.
	Fell func(Fall)
	// Forwarders may send traps of others, of versions 1 and 2c: the address
	// that the trap names is believed.
	Forwarders []netip.Prefix
	// AnyCommunity takes traps of versions 1 and 2c whatever their community.
	AnyCommunity bool
	// Rate is how many traps a second each address may send for long, Burst
	// how many at once. 5 and 50 when zero.
	Rate  float64
	Burst int
	// Dropped, if not nil, is told of each message that does not count, with
	// the reason; it must not block.
	Dropped func(from netip.Addr, why error)
	Log     *slog.Logger
}

// Stats counts messages since the start.
type Stats struct {
	// Received were handed on.
	Received uint64
	// Lost came faster than they were looked at, so that the system had no room
	// for them. It tells so with the next message, and on Linux only.
	Lost uint64
	// Foreign came from an address of no device, Limited were too many.
	Foreign, Limited uint64
	// Malformed could not be read. Refused bore no credential of a device at
	// their address, or were not at its security level; Outdated were outside
	// the time window of SNMPv3, or copies. Ambiguous fit several devices.
	Malformed, Refused, Outdated, Ambiguous uint64
	// Repeated informs were acknowledged again, Acknowledged counts all
	// answers, Unkept those informs that nobody could keep.
	Repeated, Acknowledged, Unkept uint64
}

type counters struct {
	received, lost, foreign, limited, malformed, refused, outdated, ambiguous, repeated, acknowledged, unkept atomic.Uint64
}

// Receiver listens on one UDP socket.
type Receiver struct {
	opt    Options
	rules  atomic.Pointer[rules]
	conn   *net.UDPConn
	engine *engine
	n      counters
	once   sync.Once

	// Owned by Run.
	sources map[netip.Addr]*source
	notices map[string]*rate.Sometimes
}

// ErrPrivileged is what Listen on a port below 1024 comes to without the right
// to it.
var ErrPrivileged = errors.New("ports below 1024 need a privilege: listen on 1162 and have port 162 redirected there, or give the program the capability cap_net_bind_service")

// Listen opens the socket and, where there is one, the state file. Who does not
// Run the receiver closes it.
func Listen(opt Options) (*Receiver, error) {
	if opt.Senders == nil || opt.Handle == nil {
		return nil, errors.New("traps: senders and a handler are mandatory")
	}
	if opt.Rate <= 0 {
		opt.Rate = 5
	}
	if opt.Burst <= 0 {
		opt.Burst = 50
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{opt: opt, sources: map[netip.Addr]*source{}, notices: map[string]*rate.Sometimes{}}
	r.SetLibrary(opt.Library)
	address, err := net.ResolveUDPAddr("udp", opt.Listen)
	if err == nil {
		r.conn, err = net.ListenUDP("udp", address)
	}
	if errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("%w: %w", ErrPrivileged, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for traps on %s: %w", opt.Listen, err)
	}
	_ = r.conn.SetReadBuffer(readBuffer) // the system may give less
	if err := reportLost(r.conn); err != nil {
		opt.Log.Warn("traps that are lost before they are read are not counted", "err", err)
	}
	if r.engine, err = openEngine(opt.StateFile, opt.Log); err != nil {
		return nil, errors.Join(err, r.conn.Close())
	}
	return r, nil
}

// SetLibrary has notifications explained by other profiles from now on.
func (r *Receiver) SetLibrary(lib *profile.Library) { r.rules.Store(newRules(lib)) }

// Addr is where it listens.
func (r *Receiver) Addr() netip.AddrPort { return r.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// EngineID is our SNMPv3 engine id, which informs are sent to.
func (r *Receiver) EngineID() []byte { return []byte(r.engine.id) }

// Close ends Run.
func (r *Receiver) Close() (err error) {
	r.once.Do(func() {
		if err = r.conn.Close(); errors.Is(err, net.ErrClosed) {
			err = nil // Run was ended by its context
		}
		err = errors.Join(err, r.engine.save())
	})
	return err
}

// Stats returns the counters.
func (r *Receiver) Stats() Stats {
	n := &r.n
	return Stats{
		Received: n.received.Load(), Lost: n.lost.Load(), Foreign: n.foreign.Load(), Limited: n.limited.Load(), Malformed: n.malformed.Load(), Refused: n.refused.Load(),
		Outdated: n.outdated.Load(), Ambiguous: n.ambiguous.Load(), Repeated: n.repeated.Load(), Acknowledged: n.acknowledged.Load(), Unkept: n.unkept.Load(),
	}
}

// maxMessage is the largest datagram that is looked at.
const maxMessage = 65507

// readBuffer has room for the traps of a power cut: some 10,000 small ones, since
// Linux gives twice of what is asked for and counts 768 bytes for each.
const readBuffer = 4 << 20

// A socket that gives fewErrors in a row is left alone for errorPause after each
// more: single ones are ICMP errors of some earlier answer.
const (
	fewErrors  = 10
	errorPause = 100 * time.Millisecond
)

// saveEvery is how often it is kept what the clocks of the senders show.
const saveEvery = time.Minute

// Run receives until ctx ends or the receiver is closed. The error is that what
// it knows is not kept.
func (r *Receiver) Run(ctx context.Context) (err error) {
	stop := context.AfterFunc(ctx, func() { _ = r.conn.Close() })
	defer stop()
	keeping, end := context.WithCancel(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { r.keep(keeping) })
	defer func() {
		end()
		keeper.Wait()
		if cerr := r.Close(); cerr != nil {
			err = fmt.Errorf("end receiver of traps: %w", cerr)
		}
	}()
	buf, oob := make([]byte, maxMessage), make([]byte, lostRoom)
	var lost uint32 // as the system counts
	for failed := 0; ; {
		n, told, _, from, err := r.conn.ReadMsgUDPAddrPort(buf, oob)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			if failed++; failed > fewErrors {
				r.notice("socket", func() { r.opt.Log.ErrorContext(ctx, "traps cannot be read", "err", err) })
				pause(ctx, errorPause)
			}
			continue
		}
		if failed > fewErrors {
			r.opt.Log.InfoContext(ctx, "traps are read again", "failed", failed)
		}
		failed = 0
		if all, ok := lostSoFar(oob[:told]); ok && all != lost {
			more := all - lost // which goes round
			lost = all
			r.n.lost.Add(uint64(more))
			r.notice("lost", func() {
				r.opt.Log.WarnContext(ctx, "traps came faster than they were looked at: some are lost; see net.core.rmem_max", "lost", more)
			})
		}
		r.datagram(ctx, buf[:n], netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port()))
	}
}

// keep keeps what the clocks of the senders show, until ctx ends.
func (r *Receiver) keep(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.engine.save(); err != nil {
			r.opt.Log.WarnContext(ctx, "state of the trap receiver is not kept", "err", err)
		}
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// notice runs log, which logs what may come often, once a minute for each kind.
func (r *Receiver) notice(kind string, log func()) {
	s, ok := r.notices[kind]
	if !ok {
		s = &rate.Sometimes{First: 1, Interval: time.Minute}
		r.notices[kind] = s
	}
	s.Do(log)
}

// datagram looks at one message. Who sends too many is not even decoded. Nobody
// but known devices gets an answer.
func (r *Receiver) datagram(ctx context.Context, b []byte, from netip.AddrPort) {
	senders := r.opt.Senders(from.Addr())
	forwarder := r.forwards(from.Addr())
	if len(senders) == 0 && !forwarder {
		r.n.foreign.Add(1)
		r.dropped(from.Addr(), errForeign)
		r.notice("foreign", func() { r.opt.Log.WarnContext(ctx, "trap from an address of no device", "from", from.Addr().String()) })
		return
	}
	s := r.source(from.Addr(), forwarder)
	if !s.limit.Allow() {
		r.n.limited.Add(1)
		r.dropped(from.Addr(), errLimited)
		r.notice("limited", func() { r.opt.Log.WarnContext(ctx, "too many traps, some are dropped", "from", from.Addr().String()) })
		return
	}
	version, err := versionOf(b)
	if err == nil {
		if version == 3 {
			err = r.secured(b, from, s, senders)
		} else {
			err = r.community(b, from, s, senders, forwarder)
		}
	}
	if err != nil {
		r.reject(ctx, from, err)
	}
}

// Why a message is dropped.
var (
	errRefused   = errors.New("credentials refused")
	errOutdated  = errors.New("outside the time window, or a copy")
	errAmbiguous = errors.New("several devices at the address have the same credential")
	errForeign   = errors.New("of no device")
	errLimited   = errors.New("too many at once")
)

func (r *Receiver) dropped(from netip.Addr, why error) {
	if r.opt.Dropped != nil {
		r.opt.Dropped(from, why)
	}
}

func (r *Receiver) reject(ctx context.Context, from netip.AddrPort, err error) {
	n, kind := &r.n.malformed, "malformed"
	switch {
	case errors.Is(err, errRefused):
		n, kind = &r.n.refused, "refused"
	case errors.Is(err, errOutdated):
		n, kind = &r.n.outdated, "outdated"
	case errors.Is(err, errAmbiguous):
		n, kind = &r.n.ambiguous, "ambiguous"
	case errors.Is(err, errForeign):
		n, kind = &r.n.foreign, "forwarded"
	}
	n.Add(1)
	r.dropped(from.Addr(), err)
	r.notice(kind, func() { r.opt.Log.WarnContext(ctx, "trap is dropped", "from", from.Addr().String(), "err", err) })
}

func (r *Receiver) forwards(a netip.Addr) bool {
	for _, p := range r.opt.Forwarders {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// handle hands a trap on, and acknowledges an inform when it is kept: with
// answer, which is nil for what is no inform. A repeated inform is told once.
func (r *Receiver) handle(t Trap, n *notification, to netip.AddrPort, s *source, answer func() []byte) {
	t.Time = time.Now()
	t.Version, t.Inform = n.version, n.inform
	r.rules.Load().explain(&t, n)
	if !n.inform {
		r.n.received.Add(1)
		r.opt.Handle(t, nil)
		return
	}
	switch known, kept := s.informs.begin(n.key, t.Time); {
	case kept:
		r.n.repeated.Add(1)
		r.send(answer(), to)
		return
	case known:
		return // it will be answered when the first one is kept
	}
	r.n.received.Add(1)
	r.opt.Handle(t, func(err error) {
		s.informs.end(n.key, err == nil)
		if err != nil {
			r.n.unkept.Add(1)
			return // without an answer it comes again
		}
		r.send(answer(), to)
	})
}

func (r *Receiver) send(b []byte, to netip.AddrPort) {
	if b == nil {
		return
	}
	if _, err := r.conn.WriteToUDPAddrPort(b, to); err != nil {
		r.opt.Log.Debug("answer to an inform", "to", to.String(), "err", err)
		return
	}
	r.n.acknowledged.Add(1)
}
