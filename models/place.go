package models

import "time"

// Status says where a thing is in its life. Planned and live things are one
// model; only the status tells them apart.
type Status string

// The statuses, in the order of a life.
const (
	StatusPlanned         Status = "planned"
	StatusStaged          Status = "staged"
	StatusActive          Status = "active"
	StatusMaintenance     Status = "maintenance"
	StatusDecommissioning Status = "decommissioning"
	StatusOffline         Status = "offline"
)

// Statuses returns all statuses.
func Statuses() []Status {
	return []Status{StatusPlanned, StatusStaged, StatusActive, StatusMaintenance, StatusDecommissioning, StatusOffline}
}

// Record is what every entity carries.
type Record struct {
	// Version counts the changes from 1. Who changes a thing names the version
	// he saw, so that no change is lost unseen.
	Version   uint64    `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Site is a campus or address.
type Site struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Name is unique.
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Facility is the operator's own code of the site.
	Facility string `json:"facility"`
	// TimeZone is an IANA name; empty means UTC.
	TimeZone string `json:"time_zone"`
	Address  string `json:"address"`
	// Latitude and Longitude are degrees, WGS 84.
	Latitude    *float64 `json:"latitude"`
	Longitude   *float64 `json:"longitude"`
	Description string   `json:"description"`
	Record
}

// LocationKind is the sort of a location.
type LocationKind string

// The kinds of locations.
const (
	Building LocationKind = "building"
	Floor    LocationKind = "floor"
	Room     LocationKind = "room"
	Zone     LocationKind = "zone"
)

// Location is a building, floor, room or zone of a site; locations nest.
type Location struct {
	ID     uint64 `gorm:"primaryKey" json:"id"`
	SiteID uint64 `json:"site_id"`
	// ParentID is nil for the top locations of a site.
	ParentID *uint64 `json:"parent_id"`
	// Name is unique beneath its parent.
	Name   string       `json:"name"`
	Kind   LocationKind `json:"kind"`
	Status Status       `json:"status"`
	// WidthM and DepthM are the inner size in metres, along x and y of the
	// room plan; zero is unknown.
	WidthM float64 `gorm:"column:width_m" json:"width_m"`
	DepthM float64 `gorm:"column:depth_m" json:"depth_m"`
	// TileM is the edge of a floor tile in metres; zero when there are none.
	TileM       float64 `gorm:"column:tile_m" json:"tile_m"`
	Description string  `json:"description"`
	Record
}

// Row is a line of racks in a room.
type Row struct {
	ID         uint64 `gorm:"primaryKey" json:"id"`
	LocationID uint64 `json:"location_id"`
	// Name is unique in its location.
	Name string `json:"name"`
	// XM and YM are where the row begins on the room plan, in metres from the
	// plan's upper left corner; RotationDeg turns it clockwise, in degrees.
	XM          *float64 `gorm:"column:x_m" json:"x_m"`
	YM          *float64 `gorm:"column:y_m" json:"y_m"`
	RotationDeg float64  `json:"rotation_deg"`
	// ColdSide is where the fronts of its racks look at: "left" or "right" of
	// the row's direction, empty when unknown.
	ColdSide    string `json:"cold_side"`
	Description string `json:"description"`
	Record
}

// TableName keeps clear of a word of SQL.
func (Row) TableName() string { return "rack_rows" }

// Manufacturer makes racks and devices.
type Manufacturer struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// Name is unique.
	Name        string `json:"name"`
	Description string `json:"description"`
	Record
}

// RackType is a model of rack.
type RackType struct {
	ID             uint64 `gorm:"primaryKey" json:"id"`
	ManufacturerID uint64 `json:"manufacturer_id"`
	// Model is unique for the manufacturer.
	Model string `json:"model"`
	// UHeight is the number of rack units, 1 to 100.
	UHeight int `json:"u_height"`
	// WidthMM, DepthMM and HeightMM are the outer size; zero is unknown.
	WidthMM  int `gorm:"column:width_mm" json:"width_mm"`
	DepthMM  int `gorm:"column:depth_mm" json:"depth_mm"`
	HeightMM int `gorm:"column:height_mm" json:"height_mm"`
	// WeightKg is its own weight; MaxWeightKg what it may carry; zero is unknown.
	WeightKg    float64 `json:"weight_kg"`
	MaxWeightKg float64 `json:"max_weight_kg"`
	Description string  `json:"description"`
	Record
}

// Rack is a cabinet or frame.
type Rack struct {
	ID         uint64  `gorm:"primaryKey" json:"id"`
	SiteID     uint64  `json:"site_id"`
	LocationID uint64  `json:"location_id"`
	RowID      *uint64 `json:"row_id"`
	RackTypeID *uint64 `json:"rack_type_id"`
	// Name is unique in its location.
	Name   string `json:"name"`
	Status Status `json:"status"`
	// PositionInRow counts from 1; zero when the rack is in no row.
	PositionInRow int `json:"position_in_row"`
	// XM and YM are the rack's upper left corner on the room plan before it is
	// turned, in metres; nil when it is not on the plan. RotationDeg turns it
	// clockwise about its centre; at zero its front looks down (+y).
	XM          *float64 `gorm:"column:x_m" json:"x_m"`
	YM          *float64 `gorm:"column:y_m" json:"y_m"`
	RotationDeg float64  `json:"rotation_deg"`
	// WidthMM and DepthMM are the outer size.
	WidthMM int `gorm:"column:width_mm" json:"width_mm"`
	DepthMM int `gorm:"column:depth_mm" json:"depth_mm"`
	// UHeight is the number of rack units, 1 to 100.
	UHeight int `json:"u_height"`
	// StartingUnit is the number of the lowest unit, or of the highest when
	// DescUnits is set; usually 1.
	StartingUnit int `json:"starting_unit"`
	// DescUnits: the units are numbered from the top downwards.
	DescUnits bool `json:"desc_units"`
	// MaxWeightKg is what it may carry; zero is unknown.
	MaxWeightKg float64 `json:"max_weight_kg"`
	// MaxPowerW is the power that may be drawn in it, by contract or cooling;
	// zero is unknown.
	MaxPowerW   float64 `json:"max_power_w"`
	Serial      string  `json:"serial"`
	AssetTag    string  `json:"asset_tag"`
	Description string  `json:"description"`
	// Folded is the text that searches look in.
	Folded string `gorm:"column:search_text" json:"-"`
	Record
}

// RackSlot is one half unit, on one face and one half of the width, that a
// device occupies. The primary key is what keeps two devices from being in one
// place: a full-depth device has slots on both faces, a full-width one on both
// sides.
type RackSlot struct {
	RackID uint64 `gorm:"primaryKey;autoIncrement:false"`
	// HalfUnit is twice the unit number, plus one for the upper half.
	HalfUnit int      `gorm:"primaryKey;autoIncrement:false"`
	Face     Face     `gorm:"primaryKey"`
	Side     Side     `gorm:"primaryKey"`
	DeviceID DeviceID `json:"device_id"`
}
