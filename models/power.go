package models

// VoltageKind says between which conductors a voltage is meant.
type VoltageKind string

// The kinds of voltages. A three-phase 400/230 V board is 400 V line to line
// and 230 V line to neutral; confusing them is wrong by the square root of 3.
const (
	LineLine    VoltageKind = "line-line"
	LineNeutral VoltageKind = "line-neutral"
	DC          VoltageKind = "dc"
)

// FeedSide is the side of a redundant supply: "A", "B" or further letters;
// empty when there is only one.
type FeedSide string

// PowerSource is where power enters the model: the utility, a generator.
type PowerSource struct {
	ID     uint64 `gorm:"primaryKey" json:"id"`
	SiteID uint64 `json:"site_id"`
	// Name is unique in the site.
	Name string `json:"name"`
	// Kind is utility, generator, renewable, battery or other.
	Kind   string `json:"kind"`
	Status Status `json:"status"`
	// DeviceID is the meter or machine that tells of it.
	DeviceID    *DeviceID   `json:"device_id"`
	VoltageV    float64     `gorm:"column:voltage_v" json:"voltage_v"`
	VoltageKind VoltageKind `json:"voltage_kind"`
	// Phases is 1 or 3.
	Phases int `json:"phases"`
	// CapacityVA is zero when unknown.
	CapacityVA  float64  `gorm:"column:capacity_va" json:"capacity_va"`
	Side        FeedSide `json:"side"`
	Description string   `json:"description"`
	Record
}

// PowerPanel is a switchboard, distribution board or busway.
type PowerPanel struct {
	ID         uint64  `gorm:"primaryKey" json:"id"`
	SiteID     uint64  `json:"site_id"`
	LocationID *uint64 `json:"location_id"`
	// Name is unique in the site.
	Name string `json:"name"`
	// Kind is main, distribution, rack (a remote power panel) or busway.
	Kind   string `json:"kind"`
	Status Status `json:"status"`
	// DeviceID is the meter that tells of it.
	DeviceID *DeviceID `json:"device_id"`
	// VoltageV is nominal: a property of the panel, not a constant of a country.
	VoltageV    float64     `gorm:"column:voltage_v" json:"voltage_v"`
	VoltageKind VoltageKind `json:"voltage_kind"`
	Phases      int         `json:"phases"`
	// AmperageA is the rating of the main breaker or busbar; zero is unknown.
	AmperageA   float64  `gorm:"column:amperage_a" json:"amperage_a"`
	Side        FeedSide `json:"side"`
	Description string   `json:"description"`
	Record
}

// Breaker is one overcurrent device of a panel.
type Breaker struct {
	ID           uint64 `gorm:"primaryKey" json:"id"`
	PowerPanelID uint64 `json:"power_panel_id"`
	// Name is unique in the panel.
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Poles is 1 to 4.
	Poles int `json:"poles"`
	// AmperageA is the rated current.
	AmperageA float64 `gorm:"column:amperage_a" json:"amperage_a"`
	// ContinuousFactor is the share of the rating that may flow for hours,
	// above 0 to 1; FactorReason says whose rule that is.
	ContinuousFactor float64 `json:"continuous_factor"`
	FactorReason     string  `json:"factor_reason"`
	// Curve is the tripping characteristic: B, C, D …
	Curve       string `json:"curve"`
	Description string `json:"description"`
	Record
}

// PowerFeed is a circuit from a panel to a rack or machine.
type PowerFeed struct {
	ID           uint64  `gorm:"primaryKey" json:"id"`
	PowerPanelID uint64  `json:"power_panel_id"`
	BreakerID    *uint64 `json:"breaker_id"`
	RackID       *uint64 `json:"rack_id"`
	// Name is unique in the panel.
	Name   string   `json:"name"`
	Status Status   `json:"status"`
	Side   FeedSide `json:"side"`
	// Phases is 1 or 3.
	Phases      int         `json:"phases"`
	VoltageV    float64     `gorm:"column:voltage_v" json:"voltage_v"`
	VoltageKind VoltageKind `json:"voltage_kind"`
	AmperageA   float64     `gorm:"column:amperage_a" json:"amperage_a"`
	// MaxUtilization is in percent of the rating, 1 to 100.
	MaxUtilization float64 `json:"max_utilization"`
	Description    string  `json:"description"`
	Record
}

// PowerPort is an inlet of a device.
type PowerPort struct {
	ID       uint64   `gorm:"primaryKey" json:"id"`
	DeviceID DeviceID `json:"device_id"`
	// Name is unique in the device.
	Name string `json:"name"`
	// Type is the connector: "iec-60320-c14", "iec-60309-3p-n-e-6h" …
	Type string `json:"type"`
	// MaximumDrawW and AllocatedDrawW are zero when unknown.
	MaximumDrawW   float64 `gorm:"column:maximum_draw_w" json:"maximum_draw_w"`
	AllocatedDrawW float64 `gorm:"column:allocated_draw_w" json:"allocated_draw_w"`
}

// PowerOutlet is an outlet of a device.
type PowerOutlet struct {
	ID       uint64   `gorm:"primaryKey" json:"id"`
	DeviceID DeviceID `json:"device_id"`
	// Name is unique in the device.
	Name string `json:"name"`
	Type string `json:"type"`
	// PowerPortID is the inlet of the same device that feeds it.
	PowerPortID *uint64 `json:"power_port_id"`
	// FeedLeg is "L1", "L2", "L3", a pair such as "L1-L2", or empty when
	// unknown.
	FeedLeg string `json:"feed_leg"`
	Bank    string `json:"bank"`
}

// Cable joins two ends; power flows from end A to end B.
type Cable struct {
	ID       uint64  `gorm:"primaryKey" json:"id"`
	SiteID   uint64  `json:"site_id"`
	Label    string  `json:"label"`
	Status   Status  `json:"status"`
	Type     string  `json:"type"`
	Color    string  `json:"color"`
	LengthM  float64 `gorm:"column:length_m" json:"length_m"`
	Comments string  `json:"comments"`
	Record
}

// CableEnd is what one end of a cable is plugged into: exactly one of the
// pointers is set. Ports, outlets, feeds and breakers take one cable each on
// each of their sides.
type CableEnd struct {
	CableID uint64 `gorm:"primaryKey;autoIncrement:false" json:"cable_id"`
	// End is "A" or "B".
	End           string  `gorm:"primaryKey;column:cable_end" json:"end"`
	PowerPortID   *uint64 `json:"power_port_id,omitempty"`
	PowerOutletID *uint64 `json:"power_outlet_id,omitempty"`
	PowerFeedID   *uint64 `json:"power_feed_id,omitempty"`
	BreakerID     *uint64 `json:"breaker_id,omitempty"`
	PowerPanelID  *uint64 `json:"power_panel_id,omitempty"`
	PowerSourceID *uint64 `json:"power_source_id,omitempty"`
}

// CoolingLoop is a circuit of water, glycol or refrigerant.
type CoolingLoop struct {
	ID     uint64 `gorm:"primaryKey" json:"id"`
	SiteID uint64 `json:"site_id"`
	// Name is unique in the site.
	Name string `json:"name"`
	// Kind is chilled-water, condenser-water, technology, glycol or refrigerant.
	Kind   string `json:"kind"`
	Status Status `json:"status"`
	// SupplyC and ReturnC are the design temperatures in °C; nil is unknown.
	SupplyC *float64 `gorm:"column:supply_c" json:"supply_c"`
	ReturnC *float64 `gorm:"column:return_c" json:"return_c"`
	// FlowM3S is the design flow in m³/s; zero is unknown.
	FlowM3S     float64 `gorm:"column:flow_m3s" json:"flow_m3s"`
	Description string  `json:"description"`
	Record
}

// CoolingUnit is what a cooling device does for the room.
type CoolingUnit struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// DeviceID is the device that it is; one unit each.
	DeviceID DeviceID `json:"device_id"`
	// Kind is crac, crah, in-row, rear-door, cdu, chiller, pump or tower.
	Kind string `json:"kind"`
	// LoopID is the loop that takes its heat; for a chiller the loop it cools.
	LoopID *uint64 `json:"loop_id"`
	// CapacityW is the sensible capacity at design; zero is unknown.
	CapacityW float64 `gorm:"column:capacity_w" json:"capacity_w"`
	// AirflowM3S is the design airflow in m³/s; zero is unknown.
	AirflowM3S float64 `gorm:"column:airflow_m3s" json:"airflow_m3s"`
	// Group names the units that stand in for each other (N+1).
	Group string `gorm:"column:redundancy_group" json:"group"`
	Record
}
