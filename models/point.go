package models

import (
	"time"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// Severity is how bad a state is, as the device profile says.
type Severity string

// The severities of a state, from harmless to worst.
const (
	SeverityOK       Severity = "ok"
	SeverityInfo     Severity = "info"
	SeverityWarning  Severity = "warning"
	SeverityCritical Severity = "critical"
	SeverityUnknown  Severity = "unknown"
)

// StateText is the meaning of one raw number of an enumerated point.
type StateText struct {
	Text     string   `json:"text" yaml:"text"`
	Severity Severity `json:"severity" yaml:"severity"`
}

// Limits are the thresholds which the device itself is configured with, in
// the point's base unit. A nil field is a limit that the device does not have.
type Limits struct {
	LowCritical  *float64 `json:"low_critical,omitempty"`
	LowWarning   *float64 `json:"low_warning,omitempty"`
	HighWarning  *float64 `json:"high_warning,omitempty"`
	HighCritical *float64 `json:"high_critical,omitempty"`
}

// PointSpec is a point as a device driver found it, before it has an identity.
type PointSpec struct {
	// Key is the stable path of the point inside its device, for example
	// "outlet/3/current", "input/L2/voltage" or "battery/charge".
	Key string
	// Class is the measured quantity; it fixes the base unit.
	Class quantity.Class
	// Component is the part of the device that the point belongs to: the key
	// without its last element ("outlet/3"); empty for the device as a whole.
	Component string
	// Label is a human name, in the device's words where it has any.
	Label string
	// States gives the meaning of raw numbers when Class is a state.
	States map[int64]StateText
	// Limits are the thresholds configured in the device.
	Limits Limits
	// Step is what one count of the device is in the base unit, for what it
	// gives as a whole number; zero when that is not known.
	Step float64
	// Group names the poll group ("fast", "slow") that reads the point.
	Group string
	// Interval is how often the point is read; zero when that is not known.
	Interval time.Duration
	// Source is the object identifier or register that is read, for humans
	// and for tests: "1.3.6.1.2.1.33.1.2.4.0", "holding 130".
	Source string
}
