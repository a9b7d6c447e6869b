// Package discover looks for devices in address ranges: which of them answer,
// to which credential, what they are and how well a profile fits. It changes
// nothing; adopting what was found is the model's matter.
package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/models/reason"
)

// Credential is one way to open SNMP agents.
type Credential struct {
	// ID and Name tell the caller which one fitted.
	ID       uint64
	Name     string
	Protocol collectors.Protocol
	SNMP     collectors.SNMPCredential
}

// Options of a scan. NewDriver and Addresses are needed.
type Options struct {
	// Addresses have a port that stands in for SNMPPort and ModbusPort, or 0.
	Addresses []netip.AddrPort
	// Credentials are tried in this order until one is answered. Empty leaves
	// SNMP out.
	Credentials []Credential
	// SNMPPort is 161 when zero.
	SNMPPort uint16
	// Units are the Modbus unit ids to ask behind each address that accepts
	// connections. Empty leaves Modbus out.
	Units []uint8
	// ModbusPort is 502 when zero; ModbusRTU expects serial frames there.
	ModbusPort uint16
	ModbusRTU  bool
	// Rate is how many addresses are begun in a second, 50 when zero;
	// Parallel how many are looked at together, 64 when zero.
	Rate     float64
	Parallel int
	// Timeout of one request, 1 s when zero. Each is made twice.
	Timeout time.Duration
	// Refusals is after how many refused SNMPv3 users a device is left alone,
	// so that no device locks an account. 2 when zero.
	Refusals int
	// LearnTimeout bounds one look at a device; 10 min when zero.
	LearnTimeout time.Duration
	NewDriver    func(collectors.Target) (collectors.Driver, error)
	Log          *slog.Logger
}

// Confidence is how sure the proposed profile is.
type Confidence string

// The confidences.
const (
	// High: the profile names this very product family.
	High Confidence = "high"
	// Medium: the profile fits, others nearly as well.
	Medium Confidence = "medium"
	// Low: a generic profile, which serves many vendors.
	Low Confidence = "low"
	// None: no profile fits; the device can still be named one.
	None Confidence = "none"
)

// Found is one device that answered.
type Found struct {
	Address  string // host:port
	Protocol collectors.Protocol
	Unit     uint8 // Modbus
	// Credential is the one that was answered; its ID is zero for Modbus.
	CredentialID   uint64
	CredentialName string
	Identity       collectors.Identity
	Kind           string
	Profile        string
	Confidence     Confidence
	// Why tells what the profile was chosen by; Others would fit as well.
	Why    string
	Others []string
	Points int
	// Problem is why the device cannot be read as it is, in words: its
	// credentials were refused, or no profile fits.
	Problem string
}

// Progress is how far a scan is.
type Progress struct {
	Addresses, Done, Found int
	Started                time.Time
	// Left is the time that the rest will take at the pace so far; zero when
	// it cannot be told yet.
	Left time.Duration
}

// Scan looks at every address and calls found for each device and progress
// after each address, both from one goroutine at a time. It returns when all
// were looked at or ctx ends. What keeps it from asking an address, and is no
// silence of a device, is an error at the end, for nobody knows what is there;
// many of them end the scan.
func Scan(ctx context.Context, o Options, found func(Found), progress func(Progress)) error {
	if err := o.check(); err != nil {
		return err
	}
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu     sync.Mutex
		failed []error
		state  = Progress{Addresses: len(o.Addresses), Started: time.Now()}
		pace   = rate.NewLimiter(rate.Limit(o.Rate), max(1, int(o.Rate/10)))
		work   = make(chan netip.AddrPort)
		wg     sync.WaitGroup
	)
	for range min(o.Parallel, len(o.Addresses)) {
		wg.Go(func() {
			for a := range work {
				list, err := o.address(ctx, a)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					o.Log.WarnContext(ctx, "address of a scan cannot be asked", "address", a.Addr().String(), "err", err)
				}
				mu.Lock()
				if err != nil {
					if failed = append(failed, err); len(failed) >= maxFailed {
						cancel()
					}
				}
				for _, f := range list {
					found(f)
				}
				state.Done++
				state.Found += len(list)
				state.Left = time.Duration(float64(time.Since(state.Started)) / float64(state.Done) * float64(state.Addresses-state.Done))
				progress(state)
				mu.Unlock()
			}
		})
	}
	for _, a := range o.Addresses {
		if pace.Wait(ctx) != nil {
			break
		}
		select {
		case work <- a:
		case <-ctx.Done():
		}
	}
	close(work)
	wg.Wait()
	switch {
	case whole.Err() != nil:
		return whole.Err()
	case len(failed) >= maxFailed:
		return fmt.Errorf("scan given up after %d addresses that could not be asked, one of them: %w", len(failed), failed[0])
	case len(failed) > 0:
		return fmt.Errorf("scan: %d of %d addresses could not be asked, one of them: %w", len(failed), len(o.Addresses), failed[0])
	}
	return nil
}

// at is an address with its own port, or the usual one.
func at(p netip.AddrPort, usual uint16) string {
	return netip.AddrPortFrom(p.Addr(), cmp.Or(p.Port(), usual)).String()
}

// maxFailed is how many addresses that cannot be asked end a scan.
const maxFailed = 20

func (o *Options) check() error {
	if len(o.Addresses) == 0 {
		return errors.New("scan: no addresses")
	}
	if len(o.Credentials) == 0 && len(o.Units) == 0 {
		return errors.New("scan: neither SNMP credentials nor Modbus unit ids are given")
	}
	for _, c := range o.Credentials {
		switch c.Protocol {
		case collectors.SNMPv1, collectors.SNMPv2c, collectors.SNMPv3:
		default:
			return fmt.Errorf("scan: credential %s: protocol %q is not SNMP", c.Name, c.Protocol)
		}
	}
	if o.SNMPPort == 0 {
		o.SNMPPort = 161
	}
	if o.ModbusPort == 0 {
		o.ModbusPort = 502
	}
	if o.Rate <= 0 {
		o.Rate = 50
	}
	if o.Parallel <= 0 {
		o.Parallel = 64
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.Refusals <= 0 {
		o.Refusals = 2
	}
	if o.LearnTimeout <= 0 {
		o.LearnTimeout = 10 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// address looks at one address. The error is what kept it from asking.
func (o *Options) address(ctx context.Context, a netip.AddrPort) ([]Found, error) {
	var out []Found
	f, ok, err := o.snmp(ctx, a)
	if ok {
		out = append(out, f)
	}
	more, merr := o.modbus(ctx, a)
	return append(out, more...), errors.Join(err, merr)
}

// snmp tries the credentials in order.
func (o *Options) snmp(ctx context.Context, a netip.AddrPort) (Found, bool, error) {
	refused := 0
	var last Found
	var failed error
	for _, c := range o.Credentials {
		if ctx.Err() != nil {
			return last, false, nil
		}
		if c.Protocol == collectors.SNMPv3 && refused >= o.Refusals {
			continue
		}
		t := collectors.Target{
			Address: at(a, o.SNMPPort), Protocol: c.Protocol, SNMP: c.SNMP, Timeout: o.Timeout, Retries: 1,
		}
		f, err := o.learn(ctx, t)
		f.CredentialID, f.CredentialName = c.ID, c.Name
		switch {
		case answered(err):
			return f, true, nil
		case ours(err):
			failed = fmt.Errorf("%s with credential %s: %w", t.Address, c.Name, err)
		case errors.Is(err, collectors.ErrAuth):
			// An agent is there: it is worth telling even if no credential fits.
			refused++
			f.CredentialID, f.CredentialName = 0, ""
			last = f
		case !errors.Is(err, collectors.ErrUnreachable):
			failed = fmt.Errorf("%s with credential %s: %w", t.Address, c.Name, err)
		}
	}
	return last, refused > 0, failed
}

// answered tells whether a device is there, which may have answered otherwise
// than it should.
func answered(err error) bool {
	return err == nil || !ours(err) &&
		(errors.Is(err, collectors.ErrNoProfile) || errors.Is(err, collectors.ErrProtocol) || errors.Is(err, collectors.ErrAnswered))
}

// ours tells whether an error says nothing about the device.
func ours(err error) bool {
	return errors.Is(err, errDriver) || errors.Is(err, collectors.ErrStopped) || errors.Is(err, collectors.ErrNotAllowed)
}

// errDriver is that there is no driver for a target.
var errDriver = errors.New("cannot be asked")

// modbus asks the unit ids behind an address, one after the other: a gateway
// has one line. All of them have the same connection, which converters do not
// give again at once when it was closed.
func (o *Options) modbus(ctx context.Context, a netip.AddrPort) ([]Found, error) {
	var out []Found
	var held []collectors.Driver
	defer func() {
		for _, d := range held {
			_ = d.Close() // all that was wanted was read
		}
	}()
	protocol := collectors.ModbusTCP
	if o.ModbusRTU {
		protocol = collectors.ModbusRTUOverTCP
	}
	for _, unit := range o.Units {
		t := collectors.Target{
			Address: at(a, o.ModbusPort), Protocol: protocol, Modbus: collectors.ModbusAddress{Unit: unit},
			Timeout: o.Timeout, Retries: -1,
		}
		f, d, err := o.open(ctx, t)
		if d != nil {
			held = append(held, d)
		}
		switch {
		case ctx.Err() != nil:
			return out, nil
		case ours(err):
			return out, fmt.Errorf("%s: %w", t.Address, err)
		case err == nil, errors.Is(err, collectors.ErrNoProfile):
			if n := len(out); n > 0 && same(out[n-1], f) {
				continue // a device that answers to every unit id
			}
			out = append(out, f)
		case errors.Is(err, collectors.ErrNoConnection):
			return out, nil // nothing is there: the other unit ids need no try
		}
	}
	return out, nil
}

// same tells whether two unit ids are one device by its serial number.
func same(a, b Found) bool {
	return a.Identity.Serial != "" && a.Identity.Serial == b.Identity.Serial && a.Profile == b.Profile
}

// learn identifies one device.
func (o *Options) learn(ctx context.Context, t collectors.Target) (Found, error) {
	f, d, err := o.open(ctx, t)
	if d != nil {
		_ = d.Close() // all that was wanted was read
	}
	return f, err
}

// open is learn, and returns the driver as well, unless there is none.
func (o *Options) open(ctx context.Context, t collectors.Target) (Found, collectors.Driver, error) {
	t.Name = t.Address
	f := Found{Address: t.Address, Protocol: t.Protocol, Unit: t.Modbus.Unit, Confidence: None}
	d, err := o.NewDriver(t)
	if err != nil {
		return f, nil, fmt.Errorf("%w: %w", errDriver, err)
	}
	limited, cancel := context.WithTimeout(ctx, o.LearnTimeout)
	defer cancel()
	learned, err := collectors.Learn(limited, d)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		// Silence does not take so long.
		err = fmt.Errorf("%w: the look at it was not done within %s", collectors.ErrAnswered, o.LearnTimeout)
	}
	if err != nil {
		var unknown *collectors.UnknownDevice
		if errors.As(err, &unknown) {
			f.Identity = unknown.Identity
		}
		f.Problem = err.Error()
		return f, d, err
	}
	f.Identity, f.Kind, f.Profile, f.Points = learned.Identity, learned.Kind, learned.Profile, len(learned.Points)
	f.Why, f.Others = learned.Fit.Why, learned.Fit.Others
	f.Confidence = confidence(learned.Fit)
	return f, d, nil
}

// confidence: a generic profile has a low score by its priority; one that
// stands clear of the next best names the product.
func confidence(fit collectors.Fit) Confidence {
	switch {
	case fit.Generic:
		return Low
	case fit.Close:
		return Medium
	}
	return High
}

// ParseUnits reads unit ids: "1", "1-10", "1,3,20-25".
func ParseUnits(text string) ([]uint8, error) {
	var out []uint8
	seen := map[uint8]bool{}
	for _, part := range strings.Split(text, ",") {
		from, to, err := parseUnitRange(part)
		if err != nil {
			return nil, err
		}
		for u := from; u <= to; u++ {
			if !seen[uint8(u)] {
				seen[uint8(u)] = true
				out = append(out, uint8(u))
			}
		}
	}
	return out, nil
}

func parseUnitRange(part string) (from, to int, err error) {
	first, second, isRange := strings.Cut(strings.TrimSpace(part), "-")
	if !isRange {
		second = first
	}
	if from, err = strconv.Atoi(first); err == nil {
		to, err = strconv.Atoi(second)
	}
	if err != nil || from < 0 || to > 255 || to < from {
		return 0, 0, reason.New("units_form", fmt.Sprintf("unit ids %s are not like 1, 1-10 or 1,3,20-25, from 0 to 255", reason.Quote(part)), "part", reason.Quote(part))
	}
	return from, to, nil
}
