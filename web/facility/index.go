// Package facility is the read side of the model for the screens: sites,
// rooms, racks, devices and those points that overviews need, joined once and
// kept in memory until the model changes. It answers lists, trees and plans
// without a query for each of their parts. It never writes.
package facility

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/aisle-dcim/aisle/models"
)

// Index is the model at one moment. It is not changed after it was built, so
// any number of readers may use it.
type Index struct {
	// Sites by name.
	Sites     []*Site
	locations map[uint64]*Location
	racks     map[uint64]*Rack
	devices   map[models.DeviceID]*Device
	points    map[models.PointID]*Point
}

// Site is a site with all that is in it.
type Site struct {
	models.Site
	// Top are the locations without a parent.
	Top     []*Location
	Racks   []*Rack
	Devices []*Device
	// Intake measures what the site takes in: its main boards, or else its power
	// sources. Unmetered counts those without a meter, which leave the total
	// unknown.
	Intake    []*Device
	Unmetered int
}

// Location is a building, floor, room or zone.
type Location struct {
	models.Location
	Site     *Site
	Parent   *Location
	Children []*Location
	Rows     []*Row
	// Racks and Devices are those directly in it; Devices are not in racks.
	Racks   []*Rack
	Devices []*Device
}

// Row is a line of racks.
type Row struct {
	models.Row
	Racks []*Rack
}

// Rack is a rack with its devices.
type Rack struct {
	models.Rack
	Location *Location
	Row      *Row
	Devices  []*Device
	// Inlets are the temperatures of the air that goes in.
	Inlets []*Point
}

// Device is a device with the points that overviews need.
type Device struct {
	models.Device
	// Type is nil when the device has none.
	Type *models.DeviceType
	// Maker is the manufacturer of its type.
	Maker    string
	Site     *Site
	Location *Location
	Rack     *Rack
	// Power are the points whose sum is the active power through the device:
	// what a rack PDU or meter takes in, what a UPS gives out.
	Power []*Point
	// States are its states and alarms.
	States []*Point

	candidates []*Point
	folded     string
}

// Point is a point with its device.
type Point struct {
	models.Point
	Device *Device
}

// Location returns a location, nil when there is none.
func (x *Index) Location(id uint64) *Location { return x.locations[id] }

// Rack returns a rack, nil when there is none.
func (x *Index) Rack(id uint64) *Rack { return x.racks[id] }

// Device returns a device, nil when there is none.
func (x *Index) Device(id models.DeviceID) *Device { return x.devices[id] }

// Point returns one of the points that the index keeps, nil for others.
func (x *Index) Point(id models.PointID) *Point { return x.points[id] }

// Devices calls f with every device, in no order.
func (x *Index) Devices(f func(*Device)) {
	for _, d := range x.devices {
		f(d)
	}
}

// Len is the number of devices.
func (x *Index) Len() int { return len(x.devices) }

// Room returns the room that the location is, or is in; the location itself
// when no room is above it.
func (l *Location) Room() *Location {
	for at := l; at != nil; at = at.Parent {
		if at.Kind == models.Room {
			return at
		}
	}
	return l
}

// Within says whether the location is other or lies in it.
func (l *Location) Within(other *Location) bool {
	for at := l; at != nil; at = at.Parent {
		if at == other {
			return true
		}
	}
	return false
}

// Walk calls f with the location and all below it.
func (l *Location) Walk(f func(*Location)) {
	f(l)
	for _, c := range l.Children {
		c.Walk(f)
	}
}

// Step is one step of the way to a place.
type Step struct {
	Kind string
	ID   uint64
	Name string
}

// Path is the way from the site to the location, both included.
func (l *Location) Path() []Step {
	if l == nil {
		return nil
	}
	var up []Step
	if l.Parent != nil {
		up = l.Parent.Path()
	} else {
		up = []Step{{"site", l.Site.ID, l.Site.Name}}
	}
	return append(up, Step{string(l.Kind), l.ID, l.Name})
}

// Path is the way from the site to the rack, both included.
func (r *Rack) Path() []Step {
	p := r.Location.Path()
	if r.Row != nil {
		p = append(p, Step{"row", r.Row.ID, r.Row.Name})
	}
	return append(p, Step{"rack", r.ID, r.Name})
}

// Place is the way from the site to where the device is.
func (d *Device) Place() []Step {
	switch {
	case d.Rack != nil:
		return d.Rack.Path()
	case d.Location != nil:
		return d.Location.Path()
	}
	return []Step{{"site", d.Site.ID, d.Site.Name}}
}

// Matches says whether all words, folded by Words, occur in what the device is
// called, is, says of itself or where it is.
func (d *Device) Matches(words []string) bool {
	for _, w := range words {
		if !strings.Contains(d.folded, w) {
			return false
		}
	}
	return true
}

// Polled says whether somebody is asked to read the device.
func (d *Device) Polled() bool { return d.Enabled && d.Protocol != "" }

// Vendor is who made the device: as its type says, else as it says itself.
func (d *Device) Vendor() string {
	if d.Maker != "" {
		return d.Maker
	}
	return d.LearnedFacts.Vendor
}

// ModelName is the model of the device: as its type says, else as it says itself.
func (d *Device) ModelName() string {
	if d.Type != nil {
		return d.Type.Model
	}
	return d.Model
}

// ProfileName is the profile that reads the device.
func (d *Device) ProfileName() string {
	if d.Profile != "" {
		return d.Profile
	}
	return d.ProfileMatched
}

// Power returns the points whose sum is the power of the racks' devices: the
// rack PDUs in it.
func (r *Rack) Power() []*Point {
	var out []*Point
	for _, d := range r.Devices {
		if d.Kind == models.KindPDU {
			out = append(out, d.Power...)
		}
	}
	return out
}

// Fold brings text to the form in which it is searched: lower case, without
// the marks of Vietnamese letters.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'đ' || r == 'Đ':
			return 'd'
		case unicode.Is(unicode.Mn, r):
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// Words splits a search into folded words.
func Words(q string) []string { return strings.Fields(Fold(q)) }
