package models

import "time"

// EventKind is what sort of thing happened to a device.
type EventKind string

// The kinds of events.
const (
	// EventTrap: the device told it by itself, in an SNMP trap or inform.
	EventTrap EventKind = "trap"
	// EventContact: the polling state changed; Name is the new state.
	EventContact EventKind = "contact"
	// EventRestarted: the device began anew.
	EventRestarted EventKind = "restarted"
	// EventExchanged: another device than before answers at the address.
	EventExchanged EventKind = "exchanged"
	// EventPointsAppeared and EventPointsVanished: what can be measured changed.
	EventPointsAppeared EventKind = "points-appeared"
	EventPointsVanished EventKind = "points-vanished"
	// EventCounterReset: a counter began anew; EventCounterWrapped: it passed
	// its end. PointKey says which.
	EventCounterReset   EventKind = "counter-reset"
	EventCounterWrapped EventKind = "counter-wrapped"
	// EventControl: a control was written, or was to be; Name is the
	// ControlState that it ended with, Text the label of the control.
	EventControl EventKind = "control"
)

// EventKinds returns all kinds.
func EventKinds() []EventKind {
	return []EventKind{
		EventTrap, EventContact, EventRestarted, EventExchanged, EventPointsAppeared, EventPointsVanished, EventCounterReset, EventCounterWrapped,
		EventControl,
	}
}

// EventVariable is a named value that belongs to an event. Both are foreign
// text.
type EventVariable struct {
	// Name is that of the MIB where it is known; otherwise empty.
	Name string `json:"name,omitempty"`
	// OID is empty for what is no object of SNMP.
	OID   string `json:"oid,omitempty"`
	Value string `json:"value"`
}

// Event is something that happened to a device. Its texts are foreign: escape
// them wherever they are shown.
type Event struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// TimeMS is when it was noticed, in milliseconds since the Unix epoch, UTC.
	TimeMS   int64     `gorm:"column:time_ms" json:"time_ms"`
	DeviceID DeviceID  `json:"device_id"`
	Kind     EventKind `json:"kind"`
	// Severity of an event that ends another one is SeverityOK.
	Severity Severity `json:"severity"`
	// Name is a stable word for what happened: that of the notification in its
	// MIB, or the polling state.
	Name string `json:"name"`
	// Text is for people; it may be empty where Kind and Name say all.
	Text string `json:"text"`
	// Clears is the Name of the event that this one ends; mostly empty.
	Clears string `json:"clears"`
	// Source is the network address that told it; empty for what polling found.
	Source string `json:"source"`
	// PointKey names the point concerned; empty when none is.
	PointKey  string          `json:"point_key"`
	Variables []EventVariable `gorm:"serializer:json" json:"variables"`
}

// TableName is the table of events.
func (Event) TableName() string { return "device_events" }

// Time returns the moment of the event in UTC.
func (e Event) Time() time.Time { return time.UnixMilli(e.TimeMS).UTC() }
