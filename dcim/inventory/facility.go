package inventory

import (
	"github.com/aisle-dcim/aisle/models"
)

// Facility is a whole facility for Import. Things refer to each other by name;
// ids, versions and times in the embedded entities are ignored.
type Facility struct {
	RackTypes   []RackTypeSpec
	DeviceTypes []DeviceTypeSpec
	Sites       []SiteSpec
}

// RackTypeSpec is a rack type with the name of its manufacturer.
type RackTypeSpec struct {
	models.RackType
	Manufacturer string
}

// DeviceTypeSpec is a device type with the name of its manufacturer.
type DeviceTypeSpec struct {
	models.DeviceType
	Manufacturer string
}

// SiteSpec is a site with all that is in it.
type SiteSpec struct {
	models.Site
	Locations []LocationSpec
	Sources   []SourceSpec
	Panels    []PanelSpec
	Loops     []models.CoolingLoop
	Cables    []CableSpec
}

// LocationSpec is a location with all that is in it.
type LocationSpec struct {
	models.Location
	Locations []LocationSpec
	Rows      []models.Row
	Racks     []RackSpec
	// Devices stand in the location outside racks.
	Devices []DeviceSpec
}

// RackSpec is a rack with what is mounted in it. Row names a row of the same
// location; Manufacturer and Type name its type; all may be empty.
type RackSpec struct {
	models.Rack
	Row                string
	Manufacturer, Type string
	Devices            []DeviceSpec
}

// DeviceSpec is a device. Its place in the rack or on the plan is that of the
// embedded Device; rack, location and site are those of the tree.
type DeviceSpec struct {
	models.Device
	// Manufacturer and Type name its type; both may be empty.
	Manufacturer, Type string
	// Credential and Collector are names of what must exist; empty is none.
	Credential, Collector string
	Ports                 []models.PowerPort
	Outlets               []OutletSpec
	// Cooling makes it a cooling unit; Loop names the loop of the site.
	Cooling *models.CoolingUnit
	Loop    string
}

// OutletSpec is an outlet with the name of the inlet that feeds it.
type OutletSpec struct {
	models.PowerOutlet
	Port string
}

// SourceSpec is a power source with the name of the device that tells of it.
type SourceSpec struct {
	models.PowerSource
	Device string
}

// PanelSpec is a panel with its breakers and feeds. Location is the path of
// names from the site's top location; Device names the meter that tells of it.
type PanelSpec struct {
	models.PowerPanel
	Location []string
	Device   string
	Breakers []models.Breaker
	Feeds    []FeedSpec
}

// FeedSpec is a feed with the names of its breaker and rack. RackLocation is
// the path of names to the rack's location.
type FeedSpec struct {
	models.PowerFeed
	Breaker      string
	RackLocation []string
	Rack         string
}

// CableSpec is a cable from end A to end B, by which it is known again.
type CableSpec struct {
	models.Cable
	A, B EndSpec
}

// EndSpec names what a cable is plugged into: a device with its port or outlet,
// a panel with its breaker or feed or neither, or a source.
type EndSpec struct {
	Device, Port, Outlet string
	Panel, Breaker, Feed string
	Source               string
}

// Imported counts what an import did.
type Imported struct {
	// Created counts new things by kind: "racks": 240.
	Created map[string]int
	// Readdressed counts devices whose polling was brought up to date.
	Readdressed int
}
