// Package profile holds the device profiles: what a product family can
// report, where each reading is found and what it means. Profiles are data
// (YAML); the protocol engines know no vendor.
package profile

import (
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// RawKind is the wire type of a Raw value.
type RawKind uint8

// The wire types. None is an absent object (noSuchObject, noSuchInstance).
const (
	None  RawKind = iota
	Int           // Raw.Int: INTEGER, Counter, Gauge, TimeTicks, registers up to 63 bits
	Uint          // Raw.Uint: Counter64, u64 registers
	Float         // Raw.Float: Opaque float or double, f32 and f64 registers
	Bytes         // Raw.Bytes: OCTET STRING, text registers, IpAddress
	OID           // Raw.Bytes holds the dotted text
)

// Raw is one value as it came from the wire.
type Raw struct {
	Kind  RawKind
	Int   int64
	Uint  uint64
	Float float64
	Bytes []byte
}

// Row is one instance of a table column.
type Row struct {
	// Index is the instance: the sub-identifiers behind the column.
	Index []uint32
	Raw   Raw
}

// View is a device as its profile sees it while it is learned: over the wire,
// or from a recording. Implementations answer from memory; what has to be
// fetched first is listed by Profile.Needs.
type View interface {
	// Scalar returns the object with this full identifier ("1.3.6…​.0"); Kind
	// is None when the device has no such object.
	Scalar(oid string) Raw
	// Column returns the instances of a column in the order of their indexes.
	Column(oid string) []Row
}

// Needs lists what must be fetched from an SNMP device before Resolve.
type Needs struct {
	// Scalars are full object identifiers to GET.
	Scalars []string
	// Columns are subtrees to walk.
	Columns []string
	// Present are subtrees of which the first object is enough (GETNEXT).
	Present []string
}

// Resolved is one concrete point of one device: what to read and how to turn
// the answer into a value.
type Resolved struct {
	Spec models.PointSpec
	// OID is the object to GET (SNMP).
	OID string
	// Extra are further objects whose values Decode takes behind the first
	// one, in order (a high word, a validity flag, a scale that may change).
	Extra []string
	// Register is where to read (Modbus); nil for SNMP points. Its raw value
	// is Bytes as on the wire, or Int for a single bit.
	Register *Register
	// ExtraRegisters must be read in the same request as Register; their raw
	// values, as signed numbers, follow it in Decode.
	ExtraRegisters []Register
	// Guards are registers that decided what the point means when it was
	// learned. When one of them holds something else, learn again.
	Guards []Register
	// Deciders are objects (SNMP) that decided what the point means when it was
	// learned. When one of them does not hold any more, learn again.
	Deciders []Decider
	// Decode turns the raw value of OID (and of Extra) into a value in the
	// base unit. It never panics, whatever the device sent.
	Decode func(raws []Raw) (float64, models.Quality)
	// Whole is Decode for a raw value of kind Int, and quicker; it is nil for a
	// point with Extra.
	Whole func(raw int64) (float64, models.Quality)
	// Bytes is Decode for the bytes of Register, and quicker; it is nil for a
	// single bit and for a point with ExtraRegisters.
	Bytes func(raw []byte) (float64, models.Quality)
	// Encode is the inverse, for the simulator: the raw value an honest device
	// would hold for v (base unit), in the kind and form of like, whose other
	// bits it keeps where the point is a part of a number. It is nil where no
	// inverse exists.
	Encode func(v float64, like Raw) Raw

	decoder        *decoder
	from           *Point  // what it was resolved from
	initial        float64 // what Decode gave when the device was learned
	initialQuality models.Quality
	raw            Raw
}

// Initial returns the value that the device had when it was learned.
func (r *Resolved) Initial() (float64, models.Quality) { return r.initial, r.initialQuality }

// Raw returns what the device held for it, as it came from the wire, when it
// was learned.
func (r *Resolved) Raw() Raw { return r.raw }

// AppendFingerprint appends what polling a point depends on: group, objects,
// decoding and what decided it. SNMP points with the same fingerprint are polled alike; those
// of Modbus if their registers are the same as well.
func (r *Resolved) AppendFingerprint(b []byte) []byte {
	b = fmt.Appendf(b, "%q%q%q", r.Spec.Group, r.OID, r.Extra)
	for _, x := range r.Deciders {
		// A profile that was loaded anew may choose otherwise by the same value.
		b = fmt.Appendf(b, "%q%p%+v", x.OID, x.by, x.chosen)
	}
	d := *r.decoder
	if d.field != nil {
		b = fmt.Appendf(b, "%v", *d.field)
	}
	if d.regs != nil {
		b = fmt.Appendf(b, "%+v", *d.regs)
	}
	d.field, d.regs = nil, nil
	return fmt.Appendf(b, "%+v\n", d)
}

// Device is a profile applied to one device.
type Device struct {
	Profile  string
	Kind     string
	Identity map[string]string // vendor, model, serial, firmware, mac, name, location, contact
	Points   []Resolved
	// Controls are what the device can be told, as far as what was read of it
	// shows.
	Controls  []ResolvedControl
	Intervals map[string]time.Duration
	// Problems are faults of the device or the profile that cost points, in
	// words for a person.
	Problems []string
}
