package workshop

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/modbus"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp"
)

// RecordOptions of a recording. Target, Library and the engine of its protocol
// are needed.
type RecordOptions struct {
	Target  collectors.Target
	Library *profile.Library
	SNMP    *snmp.Engine
	Modbus  *modbus.Engine
	// Roots are the SNMP subtrees to walk; empty means all that agents have.
	Roots []string
	// Ranges are the Modbus registers to read; empty means those of the
	// profile.
	Ranges []modbus.Range
	// Hide are further texts to take out. The secrets of the target always
	// are, those for control too.
	Hide []string
	// Raw keeps what is private.
	Raw bool
	// Progress is told how many objects or registers were read; all is zero
	// where that is not known.
	Progress func(done, all int)
}

// Recorded is what a device held, without what must not leave the site.
type Recorded struct {
	snmp   *profile.Recording
	modbus *profile.ModbusRecording
	// Read objects or registers were read, LeftOut of them left out as
	// private, Changed changed, Kept are in the recording.
	Read, LeftOut, Changed, Kept int
	// Profile is the one that fits, if any.
	Profile string
	// Partial is why not everything was recorded.
	Partial error
}

// Write writes the recording in the form that its Ending stands for.
func (r *Recorded) Write(w io.Writer) error {
	if r.modbus != nil {
		return r.modbus.Write(w)
	}
	return r.snmp.Write(w)
}

// Ending is that of a file with the recording: .snmprec or .modbus.
func (r *Recorded) Ending() string {
	if r.modbus != nil {
		return ".modbus"
	}
	return ".snmprec"
}

// Record walks an SNMP device, or sweeps the registers of a Modbus device, and
// takes out what is private: serial numbers, addresses, names, credentials. A
// Modbus device is recorded where its profile reads; when none is known and no
// ranges are given the error is a collectors.ErrNoProfile.
func Record(ctx context.Context, o RecordOptions) (*Recorded, error) {
	hide := slices.Clone(o.Hide)
	for _, c := range []collectors.SNMPCredential{o.Target.SNMP, o.Target.ControlSNMP} {
		hide = append(hide, c.Community, c.User, c.AuthPassword, c.PrivPassword)
	}
	switch o.Target.Protocol {
	case collectors.SNMPv1, collectors.SNMPv2c, collectors.SNMPv3:
		return recordSNMP(ctx, o, hide)
	}
	return recordModbus(ctx, o, hide)
}

func recordSNMP(ctx context.Context, o RecordOptions, hide []string) (*Recorded, error) {
	roots := o.Roots
	if len(roots) == 0 {
		roots = []string{"1.3.6.1.2.1", "1.3.6.1.4.1"}
	}
	var progress func(int)
	if o.Progress != nil {
		progress = func(n int) { o.Progress(n, 0) }
	}
	rec, err := o.SNMP.Record(ctx, o.Target, roots, progress)
	if rec == nil || len(rec.Objects) == 0 {
		return nil, errors.Join(err, errors.New("nothing was read"))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	out := &Recorded{snmp: rec, Read: len(rec.Objects), Partial: err}
	tried := o.Library.Trials(rec).All
	if p, ok := o.Library.Get(o.Target.Profile); ok {
		out.Profile = p.Name
		tried = append(tried, profile.Candidate{Profile: p})
	} else if _, found := o.Library.Recognise(rec); len(found) > 0 {
		out.Profile = found[0].Profile.Name
	}
	if !o.Raw {
		s := NewStripper(nil, hide...)
		// Whichever it is read by: what any of them takes for a serial number is
		// not told.
		for _, c := range tried {
			s.facts(c.Profile.Facts(rec))
		}
		out.snmp = s.SNMP(rec)
		out.LeftOut, out.Changed = s.Done()
	}
	out.Kept = len(out.snmp.Objects)
	return out, nil
}

func recordModbus(ctx context.Context, o RecordOptions, hide []string) (*Recorded, error) {
	out := &Recorded{}
	identity := map[string]string{}
	ranges := o.Ranges
	// What the device says of itself is to be taken out, whatever the ranges.
	learned, own, err := learnModbus(ctx, o)
	switch {
	case err == nil:
		out.Profile = learned.Profile
		identity["serial"], identity["name"] = learned.Identity.Serial, learned.Identity.Name
		identity["location"], identity["contact"], identity["mac"] = learned.Identity.Location, learned.Identity.Contact, learned.Identity.MAC
		if len(ranges) == 0 {
			ranges = own
		}
	case len(ranges) == 0 || ctx.Err() != nil:
		return nil, err
	}
	rec, err := o.Modbus.Record(ctx, o.Target, ranges, o.Progress)
	if rec == nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	rec.Each(func(int, string, uint16, uint16) { out.Kept++ })
	if out.Kept == 0 {
		return nil, errors.Join(err, errors.New("no register was read"))
	}
	out.modbus, out.Partial, out.Read = rec, err, out.Kept
	rec.Profile = o.Target.Profile
	if !o.Raw {
		hideModbus(o.Library, out.Profile, NewStripper(identity, hide...), rec)
	}
	return out, nil
}

// hideModbus takes out of a recording what the profile that the device was read by,
// and any other that fits it, take for who the device is.
func hideModbus(lib *profile.Library, name string, s *Stripper, rec *profile.ModbusRecording) {
	tried := lib.MatchModbus(profile.ModbusIdentity{DeviceID: rec.DeviceID, ServerID: rec.ServerID, ModbusView: rec})
	if p, ok := lib.Get(name); ok && p.Protocol == profile.Modbus {
		tried = append(tried, profile.Candidate{Profile: p})
	}
	for _, c := range tried { // before any number is hidden
		s.facts(c.Profile.ModbusFacts(rec))
	}
	for _, c := range tried {
		hideNumbers(c.Profile.On(rec), rec)
	}
	s.Modbus(rec)
}

// hideNumbers puts 1 where a profile finds a serial number or hardware address
// that is a number; texts are replaced wherever they stand.
func hideNumbers(p *profile.Profile, rec *profile.ModbusRecording) {
	for _, name := range []string{"serial", "mac"} {
		f, ok := p.Identity[name]
		if !ok || f.Register == nil || strings.HasPrefix(f.Type, "string") {
			continue
		}
		for _, r := range p.ModbusIdentityNeeds() {
			if r.Table != f.Table || int(r.Address) != *f.Register {
				continue
			}
			if _, ok := rec.Registers(r); !ok {
				continue
			}
			for i := range r.Count {
				rec.Set(r, i, 0)
			}
			rec.Set(r, r.Count-1, 1)
		}
	}
}

// learnModbus tells what a device is and which registers belong to it.
func learnModbus(ctx context.Context, o RecordOptions) (*collectors.Learned, []modbus.Range, error) {
	d, err := o.Modbus.NewDriver(o.Target)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = d.Close() }() // it was only read
	learned, err := collectors.Learn(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	return learned, d.(*modbus.Driver).Ranges(), nil
}
