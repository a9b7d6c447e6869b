package models

import "time"

// Kind is what a device is for.
type Kind string

// The kinds of devices.
const (
	KindPDU         Kind = "pdu"
	KindUPS         Kind = "ups"
	KindATS         Kind = "ats"
	KindMeter       Kind = "meter"
	KindGenerator   Kind = "generator"
	KindCooling     Kind = "cooling"
	KindChiller     Kind = "chiller"
	KindSensor      Kind = "sensor"
	KindLeak        Kind = "leak"
	KindDCPower     Kind = "dc-power"
	KindSwitchboard Kind = "switchboard"
	KindServer      Kind = "server"
	KindNetwork     Kind = "network"
	KindStorage     Kind = "storage"
	KindOther       Kind = "other"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		KindPDU, KindUPS, KindATS, KindMeter, KindGenerator, KindCooling, KindChiller, KindSensor, KindLeak,
		KindDCPower, KindSwitchboard, KindServer, KindNetwork, KindStorage, KindOther,
	}
}

// Face is the front or the rear of a rack; empty when a device is in none.
type Face string

// The faces of a rack.
const (
	Front Face = "front"
	Rear  Face = "rear"
)

// Side is the left or right of a rack, seen from the front; empty means the
// full width, or no zero-U mounting.
type Side string

// The sides of a rack.
const (
	Left  Side = "left"
	Right Side = "right"
)

// DeviceType is a model of device.
type DeviceType struct {
	ID             uint64 `gorm:"primaryKey" json:"id"`
	ManufacturerID uint64 `json:"manufacturer_id"`
	// Model is unique for the manufacturer.
	Model      string `json:"model"`
	PartNumber string `json:"part_number"`
	Kind       Kind   `json:"kind"`
	// UHeight is a multiple of 0.5; zero for zero-U and floor-standing gear.
	UHeight float64 `json:"u_height"`
	// FullDepth devices occupy both faces of their units.
	FullDepth bool `json:"is_full_depth"`
	// HalfWidth devices take the left or the right half of their units.
	HalfWidth bool `json:"is_half_width"`
	// WidthMM, DepthMM and HeightMM are the outer size; zero is unknown.
	WidthMM  int `gorm:"column:width_mm" json:"width_mm"`
	DepthMM  int `gorm:"column:depth_mm" json:"depth_mm"`
	HeightMM int `gorm:"column:height_mm" json:"height_mm"`
	// WeightKg is zero when unknown.
	WeightKg float64 `json:"weight_kg"`
	// RatedPowerW is the maker's nameplate; zero is unknown.
	RatedPowerW float64 `json:"rated_power_w"`
	Airflow     string  `json:"airflow"`
	Description string  `json:"description"`
	Record
}

// Position is where a device is. Exactly one of these holds: it is in the units
// of a rack (RackID and PositionU), beside them (RackID and ZeroUSide), in a
// rack at no stated height (RackID alone), on the floor of a room (LocationID)
// or merely somewhere in the site.
type Position struct {
	SiteID     uint64  `json:"site_id"`
	LocationID *uint64 `json:"location_id"`
	RackID     *uint64 `json:"rack_id"`
	// PositionU is the lowest number of the units that the device occupies, as
	// numbered on the rack, in steps of 0.5.
	PositionU *float64 `gorm:"column:position_u" json:"position_u"`
	// Face is the face on which the device is mounted.
	Face Face `json:"face"`
	// Side is the half of the width that a half-width device takes.
	Side Side `json:"side"`
	// ZeroUSide is the side on which a zero-U device hangs; ZeroUOffset is how
	// far above the rack's floor it begins, in rack units.
	ZeroUSide   Side    `gorm:"column:zero_u_side" json:"zero_u_side"`
	ZeroUOffset float64 `gorm:"column:zero_u_offset" json:"zero_u_offset"`
	// XM, YM and RotationDeg place floor-standing gear on the room plan, like
	// those of a Rack.
	XM          *float64 `gorm:"column:x_m" json:"x_m"`
	YM          *float64 `gorm:"column:y_m" json:"y_m"`
	RotationDeg float64  `json:"rotation_deg"`
}

// Polling is how a device is read. It is not read at all unless Enabled and
// Protocol is set.
type Polling struct {
	Enabled bool `gorm:"column:poll_enabled" json:"enabled"`
	// Protocol is "snmp-v1", "snmp-v2c", "snmp-v3", "modbus-tcp",
	// "modbus-rtu-tcp", "modbus-rtu" or empty.
	Protocol string `json:"protocol"`
	// Address is host:port, or a serial port such as
	// /dev/ttyUSB0?baud=9600&parity=even.
	Address      string  `json:"address"`
	CredentialID *uint64 `json:"credential_id"`
	// UnitID is the Modbus unit behind the address, 0 to 255.
	UnitID uint8 `json:"unit_id"`
	// Profile overrides the profile that identification would choose.
	Profile string `gorm:"column:profile_override" json:"profile"`
	// IntervalS overrides the profile's fast interval, in seconds; zero keeps it.
	IntervalS int `gorm:"column:interval_s" json:"interval_s"`
	// TimeoutMS is for one request, in milliseconds; zero is the default.
	TimeoutMS int `gorm:"column:timeout_ms" json:"timeout_ms"`
	// CollectorID is who reads it; nil is the collector in this process.
	CollectorID *uint64 `json:"collector_id"`
}

// Controlling is whether a device may be written.
type Controlling struct {
	ControlAllowed bool `json:"control_allowed"`
	// ControlCredentialID opens the device for writing; nil is the credential
	// by which it is read.
	ControlCredentialID *uint64 `json:"control_credential_id"`
}

// LearnedFacts are what the device says of itself. They are foreign text.
type LearnedFacts struct {
	Vendor         string `json:"vendor"`
	Model          string `json:"model"`
	Firmware       string `json:"firmware"`
	SerialReported string `json:"serial_reported"`
	MAC            string `gorm:"column:mac" json:"mac"`
	SysName        string `json:"sys_name"`
	SysObjectID    string `json:"sys_object_id"`
	SysDescr       string `json:"sys_descr"`
	ProfileMatched string `json:"profile_matched"`
	// LearnedAt is nil until the device has answered once.
	LearnedAt *time.Time `json:"learned_at"`
	// IdentityChangedAt is set while another device than before answers at
	// the address; IdentityNote says which. It is cleared when somebody
	// accepts the new one.
	IdentityChangedAt *time.Time `json:"identity_changed_at"`
	IdentityNote      string     `json:"identity_note"`
}

// Device is a thing with a place, or an address, or both.
type Device struct {
	ID           DeviceID `gorm:"primaryKey" json:"id"`
	DeviceTypeID *uint64  `json:"device_type_id"`
	// Name is unique in its site.
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	Status Status `json:"status"`
	Position
	Serial string `json:"serial"`
	// AssetTag is unique when not empty.
	AssetTag    string `json:"asset_tag"`
	Description string `json:"description"`
	Polling
	Controlling
	LearnedFacts
	// Generation counts how often the device behind this entry was replaced
	// by another one; each generation has points, and so history, of its own.
	Generation uint32 `json:"generation"`
	// PointRoles gives points their role by key: RoleRackInlet and the like.
	PointRoles map[string]string `gorm:"serializer:json" json:"point_roles"`
	// Folded is the text that searches look in.
	Folded string `gorm:"column:search_text" json:"-"`
	Record
}

// Placement is a period in which a device was in one place. The place is kept
// in words too, for what was there may be gone.
type Placement struct {
	ID       uint64   `gorm:"primaryKey" json:"id"`
	DeviceID DeviceID `json:"device_id"`
	// SiteID, LocationID and RackID are nil once the place was deleted.
	SiteID     *uint64  `json:"site_id"`
	LocationID *uint64  `json:"location_id"`
	RackID     *uint64  `json:"rack_id"`
	PositionU  *float64 `gorm:"column:position_u" json:"position_u"`
	Face       Face     `json:"face"`
	// Place reads "Site / Building / Room / Rack / U12".
	Place  string    `json:"place"`
	FromAt time.Time `json:"from_at"`
	// ToAt is nil for the place where the device is now.
	ToAt *time.Time `json:"to_at"`
	// Actor is who put it there.
	Actor string `json:"actor"`
}

// Roles of points, by which views and calculations find them whatever the
// vendor calls them.
const (
	RoleRackInlet   = "rack-inlet"
	RoleRackExhaust = "rack-exhaust"
	RoleSupplyAir   = "supply-air"
	RoleReturnAir   = "return-air"
	RoleRoom        = "room"
)

// Point is one measurable thing of one device, as kept.
type Point struct {
	ID       PointID  `gorm:"primaryKey" json:"id"`
	DeviceID DeviceID `json:"device_id"`
	// Generation is that of the device when the point was found.
	Generation uint32 `json:"generation"`
	// Key, Class and Generation make a point unique in its device.
	Key       string              `json:"key"`
	Class     string              `json:"class"`
	Component string              `json:"component"`
	Label     string              `json:"label"`
	States    map[int64]StateText `gorm:"serializer:json" json:"states"`
	Limits    Limits              `gorm:"serializer:json" json:"limits"`
	Group     string              `gorm:"column:poll_group" json:"group"`
	// IntervalMS is how often the point is read, in milliseconds; zero when
	// that is not known.
	IntervalMS int64 `gorm:"column:interval_ms" json:"interval_ms"`
	// Step is what one count of the device is in the base unit; zero when that
	// is not known.
	Step   float64 `json:"step"`
	Source string  `json:"source"`
	// Role is one of the Role constants or empty.
	Role string `json:"role"`
	// Ordinal is the place in the device's own order.
	Ordinal   int       `json:"ordinal"`
	CreatedAt time.Time `json:"created_at"`
	// RetiredAt is when the device stopped having the point; nil while it has it.
	RetiredAt *time.Time `json:"retired_at"`
}

// Collector is a process that reads devices.
type Collector struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Name is unique.
	Name string `json:"name"`
	// Remote collectors run elsewhere and send what they read.
	Remote      bool       `json:"remote"`
	Enabled     bool       `json:"enabled"`
	Software    string     `json:"software"`
	LastSeenAt  *time.Time `json:"last_seen_at"`
	Description string     `json:"description"`
	Record
}

// Credential is a row of secrets by which devices are opened. Package
// credential writes and reads it; nobody else sees Secret.
type Credential struct {
	ID   uint64 `gorm:"primaryKey" json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Secret is encrypted.
	Secret    string    `json:"-"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
