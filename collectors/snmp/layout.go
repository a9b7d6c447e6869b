package snmp

import (
	"crypto/sha256"
	"runtime"
	"sort"
	"strings"
	"sync"
	"weak"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/models"
)

// layout is what polling needs of a learned device: the points with their
// objects and decoders, without names and texts. Devices that are alike in
// this share one, which is most of a hall.
type layout struct {
	points []layoutPoint

	mu    sync.Mutex
	plans map[string]*plan // by the groups, sorted
}

type layoutPoint struct {
	group  string
	names  [][]byte // encoded objects: the value, then what its decoding takes
	decode func([]profile.Raw) (float64, models.Quality)
}

// plan is a prepared poll of some groups.
type plan struct {
	points []plannedPoint
	// list holds the encoded bindings of the request back to back; binding i
	// begins at at[i], and the last number is the end.
	list []byte
	at   []uint32
}

// plannedPoint is a point with the places of its objects in the answer.
type plannedPoint struct {
	index, first, count int32
	decode              func([]profile.Raw) (float64, models.Quality)
}

// objects is how many objects a plan reads.
func (p *plan) objects() int { return len(p.at) - 1 }

// name returns an object's encoded identifier without tag and length.
func (p *plan) name(i int) []byte {
	r := ber.NewReader(p.list[p.at[i]:p.at[i+1]])
	name, _, _, err := r.Binding()
	if err != nil {
		panic("snmp: a plan holds what was not encoded by it") // not of a device's making
	}
	return name
}

func (p *plan) add(name []byte) int32 {
	p.list = ber.AppendName(p.list, name)
	p.at = append(p.at, uint32(len(p.list)))
	return int32(len(p.at) - 2)
}

// newLayout takes out of a resolved device what polling needs.
func newLayout(device *profile.Device) (*layout, error) {
	l := &layout{points: make([]layoutPoint, len(device.Points)), plans: map[string]*plan{}}
	for i := range device.Points {
		x := &device.Points[i]
		p := layoutPoint{group: x.Spec.Group, decode: x.Decode}
		for _, oid := range append([]string{x.OID}, x.Extra...) {
			name, err := encode(oid)
			if err != nil {
				return nil, err
			}
			p.names = append(p.names, name)
		}
		l.points[i] = p
	}
	return l, nil
}

// plan prepares the objects of some groups, sysUpTime first.
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
	p := &plan{at: []uint32{0}}
	p.add(sysUpTime)
	once := map[string]int32{}
	for i := range l.points {
		x := &l.points[i]
		if !wanted[x.group] {
			continue
		}
		at := plannedPoint{index: int32(i), count: int32(len(x.names)), decode: x.decode}
		if first, ok := once[string(x.names[0])]; ok && len(x.names) == 1 {
			at.first = first // flags of one object are read once
		} else {
			at.first = p.add(x.names[0])
			for _, name := range x.names[1:] {
				p.add(name)
			}
			if len(x.names) == 1 {
				once[string(x.names[0])] = at.first
			}
		}
		p.points = append(p.points, at)
	}
	l.plans[key] = p
	return p
}

// layouts keeps one layout for all devices that are alike, as long as one of
// them uses it.
type layouts struct {
	mu   sync.Mutex
	list map[[sha256.Size]byte]weak.Pointer[layout]
}

// of returns the layout of a device.
func (ls *layouts) of(device *profile.Device) (*layout, error) {
	h := sha256.New()
	var b []byte
	for i := range device.Points {
		b = device.Points[i].AppendFingerprint(b[:0])
		h.Write(b)
	}
	key := [sha256.Size]byte(h.Sum(nil))
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.list[key].Value(); l != nil {
		return l, nil
	}
	l, err := newLayout(device)
	if err != nil {
		return nil, err
	}
	if ls.list == nil {
		ls.list = map[[sha256.Size]byte]weak.Pointer[layout]{}
	}
	w := weak.Make(l)
	ls.list[key] = w
	runtime.AddCleanup(l, func(key [sha256.Size]byte) {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		if ls.list[key] == w {
			delete(ls.list, key)
		}
	}, key)
	return l, nil
}
