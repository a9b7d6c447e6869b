package snmp

import (
	"crypto/sha256"
	"sort"
	"strings"
	"sync"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// layout is what polling needs of a learned device: the points with their
// objects and decoders, without names and texts. Devices that are alike in
// this share one, which is most of a hall.
type layout struct {
	points []layoutPoint
	// decisions are read beside the plans, at a pace of their own.
	decisions []decision

	mu    sync.Mutex
	plans map[string]*plan // by the groups, sorted
}

type layoutPoint struct {
	group string
	names [][]byte // encoded objects: the value, then what its decoding takes
	// whole decodes an object that is a whole number, decode all others.
	whole  func(int64) (float64, models.Quality)
	decode func([]profile.Raw) (float64, models.Quality)
}

// plan is a prepared poll of some groups. Its first object is sysUpTime, and so
// is its last, which is asked when one request does not hold all: values of
// after a restart may be those of other rows.
type plan struct {
	points []plannedPoint
	// list holds the encoded bindings of the request back to back.
	list    []byte
	objects []object
	raws    int // objects that are kept as they came
}

// object is one binding of a plan. Nearly all are the whole numbers of one
// point each and become its value where they are read; the others are kept
// until all that a point is made of is there.
type object struct {
	// The binding is list[begin:end], the identifier in it with tag and length
	// list[name:end-2].
	begin, name, end uint32
	point            int32 // whose value this is; -1 when it is kept
	raw              int32 // where it is kept
	// joined is set when it is of the same point as the object before it: they
	// are read in one request, or they might be of two moments.
	joined bool
}

// plannedPoint is a point of a plan.
type plannedPoint struct {
	index  int32 // in what was learned
	first  int32 // of its objects that are kept
	count  int32 // of them; zero when its object becomes its value at once
	whole  func(int64) (float64, models.Quality)
	decode func([]profile.Raw) (float64, models.Quality)
}

// last is the index of the object that is sysUpTime once more.
func (p *plan) last() int { return len(p.objects) - 1 }

// names returns objects' encoded identifiers without tag and length.
func (p *plan) names(from, to int) [][]byte {
	names := make([][]byte, 0, to-from)
	for _, o := range p.objects[from:to] {
		r := ber.NewReader(p.list[o.begin:o.end])
		name, _, _, err := r.Binding()
		if err != nil {
			panic("snmp: a plan holds what was not encoded by it") // not of a device's making
		}
		names = append(names, name)
	}
	return names
}

// add adds an object that becomes the value of a point, or, with a point of
// -1, one that is kept.
func (p *plan) add(name []byte, point int32) (raw int32) {
	o := object{begin: uint32(len(p.list)), point: point, raw: -1}
	p.list = ber.AppendName(p.list, name)
	o.end = uint32(len(p.list))
	o.name = o.end - 2 - uint32(ber.SizeTLV(len(name)))
	if point < 0 {
		o.raw = int32(p.raws)
		p.raws++
	}
	p.objects = append(p.objects, o)
	return o.raw
}

// newLayout takes out of a resolved device what polling needs.
func newLayout(device *profile.Device) (*layout, error) {
	l := &layout{points: make([]layoutPoint, len(device.Points)), plans: map[string]*plan{}}
	for i := range device.Points {
		x := &device.Points[i]
		p := layoutPoint{group: x.Spec.Group, whole: x.Whole, decode: x.Decode}
		for _, oid := range append([]string{x.OID}, x.Extra...) {
			name, err := encode(oid)
			if err != nil {
				return nil, err
			}
			p.names = append(p.names, name)
		}
		l.points[i] = p
	}
	var err error
	l.decisions, err = decisions(device)
	return l, err
}

// plan prepares the objects of some groups, sysUpTime first and last.
func (l *layout) plan(groups []string) *plan {
	if !sort.StringsAreSorted(groups) {
		groups = append([]string(nil), groups...)
		sort.Strings(groups)
	}
	key := strings.Join(groups, "\x00")
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.plans[key]; ok {
		return p
	}
	wanted := map[string]bool{}
	for _, g := range groups {
		wanted[g] = true
	}
	uses := map[string]int{} // of objects, by points
	for i := range l.points {
		if x := &l.points[i]; wanted[x.group] {
			uses[string(x.names[0])]++
		}
	}
	p := &plan{}
	p.add(sysUpTime, -1)
	once := map[string]int32{}
	for i := range l.points {
		x := &l.points[i]
		if !wanted[x.group] {
			continue
		}
		at := plannedPoint{index: int32(i), count: int32(len(x.names)), whole: x.whole, decode: x.decode}
		key := string(x.names[0])
		first, read := once[key]
		switch {
		case len(x.names) > 1:
			at.first = p.add(x.names[0], -1)
			for _, name := range x.names[1:] {
				p.add(name, -1)
				p.objects[p.last()].joined = true
			}
		case x.whole != nil && uses[key] == 1:
			p.add(x.names[0], int32(len(p.points)))
			at.count = 0
		case read: // flags of one object are read once
			at.first = first
		default:
			at.first = p.add(x.names[0], -1)
			once[key] = at.first
		}
		p.points = append(p.points, at)
	}
	p.add(sysUpTime, -1)
	l.plans[key] = p
	return p
}

// likeness is the same for devices that are polled alike.
func likeness(device *profile.Device) profile.Likeness {
	h := sha256.New()
	var b []byte
	for i := range device.Points {
		b = device.Points[i].AppendFingerprint(b[:0])
		h.Write(b)
	}
	return profile.Likeness(h.Sum(nil))
}
