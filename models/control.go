package models

import (
	"time"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// ControlKind is what can be done with a control.
type ControlKind string

// The kinds of controls.
const (
	// ControlCommand is one of named options: on, off, cycle.
	ControlCommand ControlKind = "command"
	// ControlSetPoint is a number within bounds.
	ControlSetPoint ControlKind = "set-point"
)

// ControlOption is one thing that a command can do.
type ControlOption struct {
	// Name is of lower case letters, digits and dashes: "off", "cycle".
	Name string `json:"name"`
	// Severity is how much depends on it; critical ones may make gear dark.
	Severity Severity `json:"severity"`
	// Warning tells what happens, when the name does not say it.
	Warning string `json:"warning,omitempty"`
	// Done is the state of the shown point that proves the effect; nil when
	// none does.
	Done *int64 `json:"done,omitempty"`
}

// ControlSpec is one thing that can be written to a device, as its driver found
// it.
type ControlSpec struct {
	// Key is the stable path of the control inside its device:
	// "outlet/3/switch".
	Key  string
	Kind ControlKind
	// Label is a human name, in the device's words where it has any.
	Label string
	// Options of a command, in their order.
	Options []ControlOption
	// Class is the quantity of a set-point; Min, Max and Step are in its base
	// unit.
	Class          quantity.Class
	Min, Max, Step float64
	// Shows is the key of the point that shows the effect, empty for none;
	// Within is how long the device may take.
	Shows  string
	Within time.Duration
	// Target is what is written, for humans: "1.3.6.1.4.1.318…", "holding 40".
	Target string
}

// Option returns the option of that name.
func (s *ControlSpec) Option(name string) (ControlOption, bool) {
	for _, o := range s.Options {
		if o.Name == name {
			return o, true
		}
	}
	return ControlOption{}, false
}

// ControlState is how far a control request is.
type ControlState string

// The states of a control request. The last six are ends.
const (
	ControlRequested ControlState = "requested"
	ControlConfirmed ControlState = "confirmed"
	ControlExecuting ControlState = "executing"
	// ControlDone: the device took it, and where a point can show the effect it
	// does.
	ControlDone ControlState = "done"
	// ControlFailed: nothing was written, or the device refused.
	ControlFailed ControlState = "failed"
	// ControlUnknown: it was sent, and nobody can say whether it took effect.
	ControlUnknown   ControlState = "outcome-unknown"
	ControlRejected  ControlState = "rejected"
	ControlExpired   ControlState = "expired"
	ControlCancelled ControlState = "cancelled"
)

// ControlStates are all of them.
func ControlStates() []ControlState {
	return []ControlState{
		ControlRequested, ControlConfirmed, ControlExecuting, ControlDone, ControlFailed, ControlUnknown,
		ControlRejected, ControlExpired, ControlCancelled,
	}
}

// Open says whether a request of this state still locks its control.
func (s ControlState) Open() bool {
	return s == ControlRequested || s == ControlConfirmed || s == ControlExecuting
}

// ControlCause is why a control request ended as it did.
type ControlCause string

// The causes; the comments name the states that they go with.
const (
	ControlShown       ControlCause = "shown"        // done: the point shows it
	ControlShownBefore ControlCause = "shown-before" // done: it showed it before already
	ControlAccepted    ControlCause = "accepted"     // done: no point can show it
	// ControlNotShown: accepted, but the point does not show it (unknown).
	ControlNotShown ControlCause = "not-shown"
	// ControlNotRead: accepted, but the point was not read since (unknown).
	ControlNotRead ControlCause = "not-read"
	// ControlUnanswered and ControlUnansweredShown: the device did not answer;
	// in the second case the point has changed to what was wanted (unknown).
	ControlUnanswered      ControlCause = "unanswered"
	ControlUnansweredShown ControlCause = "unanswered-shown"
	// ControlInterrupted: the program ended or broke (failed before anything
	// was sent, unknown afterwards).
	ControlInterrupted ControlCause = "interrupted"
	ControlRefused     ControlCause = "refused"     // failed: by the device
	ControlUnreachable ControlCause = "unreachable" // failed: the device does not answer
	ControlLate        ControlCause = "late"        // failed: not carried out in time
	ControlWithdrawn   ControlCause = "withdrawn"   // failed: the device may not be written any more
	ControlReplaced    ControlCause = "replaced"    // failed: the device is another one
	ControlDeleted     ControlCause = "deleted"     // failed: the device is not there any more
	ControlMoved       ControlCause = "moved"       // failed: the device is polled at another address
	ControlChanged     ControlCause = "changed"     // failed: it would be written in another way
	ControlPersons     ControlCause = "persons"     // failed: one of the two may not any more
	ControlInternal    ControlCause = "internal"    // failed: a fault of the program
)

// ControlCauses are all of them.
func ControlCauses() []ControlCause {
	return []ControlCause{
		ControlShown, ControlShownBefore, ControlAccepted, ControlNotShown, ControlNotRead, ControlUnanswered, ControlUnansweredShown, ControlInterrupted, ControlRefused,
		ControlUnreachable, ControlLate, ControlWithdrawn, ControlReplaced, ControlDeleted, ControlMoved, ControlChanged, ControlPersons, ControlInternal,
	}
}

// ControlRequest is the wish to write one control of one device, with what
// became of it. Names are kept in words: users, devices and controls may go.
type ControlRequest struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// DeviceID is nil once the device was deleted.
	DeviceID   *DeviceID `json:"device_id"`
	DeviceName string    `json:"device_name"`
	// SiteID is the site of the device when it was requested.
	SiteID *uint64 `json:"site_id"`
	// Generation is that of the device: one that was replaced is not written.
	Generation uint32 `json:"generation"`
	// Address is where the device was polled when it was requested.
	Address string      `json:"address"`
	Control string      `json:"control"`
	Label   string      `json:"label"`
	Kind    ControlKind `json:"kind"`
	// Option of a command; Value of a set-point in the base unit of Class.
	Option string   `gorm:"column:option_name" json:"option"`
	Value  *float64 `json:"value"`
	Class  string   `json:"class"`
	// Target and Raw are exactly what the dry run said would be written.
	Target string `json:"target"`
	Raw    string `json:"raw"`
	// Before is what the device held there when it was requested.
	Before string       `gorm:"column:before_value" json:"before"`
	Reason string       `json:"reason"`
	State  ControlState `json:"state"`

	RequesterID uint64    `json:"requester_id"`
	Requester   string    `json:"requester"`
	RequestedAt time.Time `json:"requested_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	// DeciderID confirmed, rejected or cancelled it.
	DeciderID *uint64    `json:"decider_id"`
	Decider   string     `json:"decider"`
	DecidedAt *time.Time `json:"decided_at"`
	StartedAt *time.Time `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	// Result is what the person who rejected it said.
	Result string `json:"result"`
	// Cause is why it ended by itself, Detail what the device or its driver said: with
	// addresses and objects, for who may edit devices.
	Cause  ControlCause `json:"cause"`
	Detail string       `json:"detail"`
}
