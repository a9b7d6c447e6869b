package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
	"github.com/aisle-dcim/aisle/models"
)

// Options of a Facility. Profiles and Recordings are needed.
type Options struct {
	Site *Site
	// Profiles give the meaning of the devices' objects.
	Profiles *profile.Library
	// Recordings holds VENDOR/testdata/PROFILE.snmprec or .modbus: what a
	// device of each profile looks like.
	Recordings fs.FS
	Log        *slog.Logger
	// Address is where the devices listen. Default 127.0.0.1.
	Address string
	// BasePort is the first port; each device takes the next one. Zero lets
	// the system choose.
	BasePort int
	// Community of the SNMP agents. Default "public".
	Community string
	// User is who may ask by SNMPv3. Default DefaultUser.
	User usm.User
	// Speed makes the simulated time run faster. Default 1.
	Speed float64
	// Start is the simulated time at the start. Default now.
	Start time.Time
	// Control lets the devices take what their profiles say can be written.
	// Without it they refuse every SET and every function that writes.
	Control bool
}

// Info describes one simulated device to whoever wants to poll it.
type Info struct {
	Name    string
	Kind    string
	Profile string
	// Protocol is how the device is meant to be polled: snmp-v2c, snmp-v3 or
	// modbus-tcp. Every SNMP agent answers v1, v2c and v3. Unit is the Modbus
	// unit id.
	Protocol string
	Address  string
	Unit     uint8
	// Hall counts from 0; -1 is the plant outside the halls.
	Hall int
	// Rack names the rack of a rack PDU; Side is A or B.
	Rack string
	Side string
	// XM and YM place floor-standing devices in their room.
	XM, YM float64
}

// RackInfo describes one rack of the simulated facility.
type RackInfo struct {
	Name        string
	Hall, Row   int
	Position    int
	XM, YM      float64
	RotationDeg float64
}

// DefaultUser opens the simulated agents by SNMPv3. They hold no secret: they
// are made up.
var DefaultUser = usm.User{
	Name: "aisle", AuthProtocol: "SHA256", AuthPassword: "simulated auth", PrivProtocol: "AES", PrivPassword: "simulated priv",
}

// Room sizes in metres.
const (
	rackWidth  = 0.6
	rackDepth  = 1.2
	rowPitch   = 2.4
	sideMargin = 3.0
	rowMargin  = 1.8
)

// RoomSize returns width and depth of a hall in metres.
func (s *Site) RoomSize(hall int) (width, depth float64) {
	h := s.Halls[hall]
	return 2*sideMargin + float64(h.RacksPerRow)*rackWidth, 2*rowMargin + float64(h.Rows)*rowPitch - (rowPitch - rackDepth)
}

// Facility runs the simulation and its devices.
type Facility struct {
	opt Options

	mu       sync.Mutex
	world    *world
	devices  []*device
	gateways map[string]*gateway
	agents   []*agent.Agent
	wg       sync.WaitGroup
	stop     context.CancelFunc
}

// device is one simulated device: what it can say and where it comes from.
type device struct {
	info   Info
	points []bound
	value  func(key string, spec *models.PointSpec) (float64, bool)
	table  *agent.Table
	image  *profile.ModbusRecording
	silent atomic.Bool
	stuck  bool // sensors keep their last value
	// told does what the device is told by the key of a control and one of its
	// options, and returns false for what it does not know; Facility.mu is held.
	// It is nil for devices that only keep what is written.
	told func(key, option string) bool
	// controls is what a Modbus device takes.
	controls []profile.ResolvedControl

	mu    sync.Mutex
	fresh time.Time
}

// bound is a point that follows the physics.
type bound struct {
	resolved *profile.Resolved
	like     profile.Raw
}

// refreshEvery is how old a device's values may be when it is asked.
const refreshEvery = 500 * time.Millisecond

// New builds the facility; nothing listens yet.
func New(opt Options) (*Facility, error) {
	if opt.Address == "" {
		opt.Address = "127.0.0.1"
	}
	if opt.Community == "" {
		opt.Community = "public"
	}
	if opt.User.Name == "" {
		opt.User = DefaultUser
	}
	if opt.Speed <= 0 {
		opt.Speed = 1
	}
	if opt.Start.IsZero() {
		opt.Start = time.Now()
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	f := &Facility{opt: opt, gateways: map[string]*gateway{}}
	f.world = newWorld(opt.Site, opt.Start)
	for range 600 { // let temperatures settle before anybody looks
		f.world.step(2 * time.Second)
	}
	f.world.now = opt.Start
	if err := f.build(); err != nil {
		return nil, err
	}
	return f, nil
}

// Start opens every socket and runs the simulation until Stop.
func (f *Facility) Start() error {
	port := f.opt.BasePort
	next := func() string {
		address := net.JoinHostPort(f.opt.Address, strconv.Itoa(port))
		if port > 0 {
			port++
		}
		return address
	}
	user, err := f.opt.User.Prepare()
	if err != nil {
		return err
	}
	for i, d := range f.devices {
		if d.table == nil {
			continue
		}
		// An engine id of the text form (RFC 3411 section 5), the device's own.
		model, err := agent.NewUSM(fmt.Appendf(nil, "\x80\x00\x00\x00\x04sim-%d", i), 1, user)
		if err != nil {
			return errors.Join(err, f.Stop())
		}
		a, err := agent.Listen(next(), d.table, agent.Options{
			Community: f.opt.Community, USM: model, Silent: &d.silent,
			Before: func([]byte, net.Addr, func([]byte)) bool { f.refresh(d); return false },
		})
		if err != nil {
			return errors.Join(fmt.Errorf("device %s: %w", d.info.Name, err), f.Stop())
		}
		d.info.Address = a.Addr()
		f.agents = append(f.agents, a)
	}
	for _, name := range slices.Sorted(maps.Keys(f.gateways)) {
		g := f.gateways[name]
		if err := g.listen(next()); err != nil {
			return errors.Join(fmt.Errorf("gateway %s: %w", name, err), f.Stop())
		}
		for unit, d := range g.units {
			d.info.Address, d.info.Unit = g.address(), unit
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.stop = cancel
	f.wg.Go(func() { f.run(ctx) })
	return nil
}

// Stop closes every socket and ends the simulation.
func (f *Facility) Stop() error {
	if f.stop != nil {
		f.stop()
	}
	var errs []error
	for _, a := range f.agents {
		errs = append(errs, a.Close())
	}
	for _, g := range f.gateways {
		errs = append(errs, g.close())
	}
	f.agents = nil
	f.wg.Wait()
	return errors.Join(errs...)
}

// run steps the world once a second.
func (f *Facility) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		// A machine that slept must not make one huge step.
		f.Step(time.Duration(float64(min(now.Sub(last), 10*time.Second)) * f.opt.Speed))
		last = now
	}
}

// Step moves the simulated time on; long spans are cut into steps that the
// model can follow.
func (f *Facility) Step(dt time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for dt > 0 {
		d := min(dt, 2*time.Second)
		f.world.step(d)
		dt -= d
	}
}

// Devices lists the simulated devices.
func (f *Facility) Devices() []Info {
	out := make([]Info, len(f.devices))
	for i, d := range f.devices {
		out[i] = d.info
	}
	return out
}

// Racks lists the racks.
func (f *Facility) Racks() []RackInfo {
	out := make([]RackInfo, 0, len(f.world.racks))
	for i := range f.world.racks {
		r := &f.world.racks[i]
		info := RackInfo{Name: r.name, Hall: r.hall, Row: r.row, Position: r.pos}
		info.XM = sideMargin + float64(r.pos)*rackWidth
		info.YM = rowMargin + float64(r.row)*rowPitch
		if r.row%2 == 1 { // rows face each other over the cold aisle
			info.RotationDeg = 180
		}
		out = append(out, info)
	}
	return out
}

// Site returns what was built.
func (f *Facility) Site() *Site { return f.opt.Site }

// User is who may ask the SNMP agents by version 3.
func (f *Facility) User() usm.User { return f.opt.User }

// Community is what the SNMP agents answer to.
func (f *Facility) Community() string { return f.opt.Community }

// template is what a device of a profile looks like.
type template struct {
	profile *profile.Profile
	snmp    *profile.Recording
	modbus  []byte
}

func (f *Facility) template(name string) (*template, error) {
	p, ok := f.opt.Profiles.Get(name)
	if !ok {
		return nil, fmt.Errorf("there is no profile %q", name)
	}
	ending := ".snmprec"
	if p.Protocol == profile.Modbus {
		ending = ".modbus"
	}
	found, err := fs.Glob(f.opt.Recordings, "*/testdata/"+name+ending)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("profile %s has no recording %s to make a device from", name, path.Join("*/testdata", name+ending))
	}
	data, err := fs.ReadFile(f.opt.Recordings, found[0])
	if err != nil {
		return nil, err
	}
	t := &template{profile: p, modbus: data}
	if ending == ".snmprec" {
		if t.snmp, err = profile.ReadRecording(bytes.NewReader(data)); err != nil {
			return nil, fmt.Errorf("%s: %w", found[0], err)
		}
	}
	return t, nil
}

// add makes a device of a profile and binds its points to the physics.
func (f *Facility) add(t *template, info Info, value func(string, *models.PointSpec) (float64, bool)) (*device, error) {
	d := &device{info: info, value: value}
	d.info.Profile = t.profile.Name
	var (
		resolved *profile.Device
		err      error
	)
	if t.snmp != nil {
		d.info.Protocol = "snmp-v2c"
		if info.Kind == "ups" { // the sort of device that is worth guarding first
			d.info.Protocol = "snmp-v3"
		}
		if d.table, err = agent.NewTable(t.snmp); err != nil {
			return nil, err
		}
		resolved, err = t.profile.Resolve(t.snmp)
	} else {
		d.info.Protocol = "modbus-tcp"
		if d.image, err = profile.ReadModbusRecording(bytes.NewReader(t.modbus)); err != nil {
			return nil, err
		}
		resolved, err = t.profile.ResolveModbus(d.image)
	}
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", info.Name, err)
	}
	for i := range resolved.Points {
		p := &resolved.Points[i]
		if p.Encode == nil {
			continue
		}
		if _, ok := value(p.Spec.Key, &p.Spec); !ok {
			continue // it keeps what the recording says
		}
		b := bound{resolved: p}
		if t.snmp != nil {
			b.like = t.snmp.Scalar(p.OID)
		} else {
			b.like = d.held(p)
		}
		d.points = append(d.points, b)
	}
	d.individual(t)
	if f.opt.Control {
		f.controls(d, resolved.Controls)
	}
	f.devices = append(f.devices, d)
	return d, nil
}

// held is what the registers of a point hold now.
func (d *device) held(p *profile.Resolved) profile.Raw {
	raw, ok := d.image.Registers(*p.Register)
	if p.Register.Bit() {
		if !ok {
			return profile.Raw{}
		}
		return profile.Raw{Kind: profile.Int, Int: int64(raw[0])}
	}
	return profile.Raw{Kind: profile.Bytes, Bytes: raw}
}

// individual gives a device a name and a serial number of its own.
func (d *device) individual(t *template) {
	if d.table == nil {
		return
	}
	_ = d.table.Set("1.3.6.1.2.1.1.5.0", 0, profile.Raw{Kind: profile.Bytes, Bytes: []byte(d.info.Name)}) // absent in some templates
	serial, ok := t.profile.Identity["serial"]
	if !ok {
		return
	}
	text := "SIM" + strings.ToUpper(strings.ReplaceAll(d.info.Name, "-", ""))
	oid := serial.OID
	if serial.Column != "" {
		if rows := t.snmp.Column(serial.Column); len(rows) > 0 {
			oid = serial.Column
			for _, n := range rows[0].Index {
				oid += "." + strconv.FormatUint(uint64(n), 10)
			}
		}
	}
	if oid != "" {
		_ = d.table.Set(oid, 0, profile.Raw{Kind: profile.Bytes, Bytes: []byte(text)})
	}
}

// refresh writes the physics into the device's objects when they are old.
func (f *Facility) refresh(d *device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if now.Sub(d.fresh) < refreshEvery {
		return
	}
	d.fresh = now
	f.mu.Lock()
	values := make([]float64, len(d.points))
	known := make([]bool, len(d.points))
	for i, b := range d.points {
		if d.stuck && strings.HasPrefix(b.resolved.Spec.Key, "sensor/") {
			continue
		}
		values[i], known[i] = d.value(b.resolved.Spec.Key, &b.resolved.Spec)
	}
	up := int64(f.world.now.Sub(f.opt.Start)/(10*time.Millisecond)) + 123456
	f.mu.Unlock()
	for i, b := range d.points {
		if !known[i] {
			continue
		}
		if d.table != nil {
			_ = d.table.Set(b.resolved.OID, 0, b.resolved.Encode(values[i], b.like)) // it was there when it was bound
			continue
		}
		// Flags share a register: each is put into what the others left.
		raw := b.resolved.Encode(values[i], d.held(b.resolved))
		if raw.Kind == profile.Int {
			d.image.Set(*b.resolved.Register, 0, uint16(raw.Int))
		}
		for k := 0; k+1 < len(raw.Bytes); k += 2 {
			d.image.Set(*b.resolved.Register, uint16(k/2), uint16(raw.Bytes[k])<<8|uint16(raw.Bytes[k+1]))
		}
	}
	if d.table != nil {
		_ = d.table.Set(profile.SysUpTimeOID, 0, profile.Raw{Kind: profile.Int, Int: up})
	}
}
