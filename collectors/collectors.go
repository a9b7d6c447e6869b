// Package collectors polls devices: a Manager runs one loop per device, a
// Driver speaks the device's protocol, a Sink takes the samples. Nothing here
// knows a database, a screen or a vendor.
package collectors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/models"
)

// Errors that callers tell apart. Drivers wrap them with the act and address.
var (
	// ErrUnreachable: the device did not answer at all (time-out, refused).
	ErrUnreachable = errors.New("device does not answer")
	// ErrAuth: the device answered that the credentials are wrong, or SNMPv3
	// authentication failed.
	ErrAuth = errors.New("credentials refused")
	// ErrProtocol: the answer broke the rules of the protocol.
	ErrProtocol = errors.New("malformed answer")
	// ErrAnswered: the device answered, that it cannot or something that leads
	// nowhere.
	ErrAnswered = errors.New("device answers otherwise than asked")
	// ErrStopped: the engine of the protocol does not run.
	ErrStopped = errors.New("the engine is not running")
	// ErrNoConnection: an ErrUnreachable where no connection came about, so that
	// nothing was asked.
	ErrNoConnection = fmt.Errorf("%w: no connection", ErrUnreachable)
	// ErrRefused: an ErrUnreachable where nothing listens at the address.
	ErrRefused = errors.New("connection refused")
	// ErrNotAllowed: the configuration does not allow the address to be polled.
	ErrNotAllowed = errors.New("address is not among the ranges that may be polled")
	// ErrBusy tells that so many devices are being looked at that this one was
	// not: it is tried again, and polled meanwhile where it can be.
	ErrBusy = errors.New("too many devices are being looked at")
	// ErrNoProfile: no profile fits what the device says of itself.
	ErrNoProfile = errors.New("no device profile matches")
)

// Identity is what a device says of itself. Empty fields were not offered.
type Identity struct {
	Vendor, Model, Serial, Firmware, MAC string
	// Name, Location and Contact are what was configured in the device. They
	// are foreign text: escape them wherever they are shown.
	Name, Location, Contact string
	SysObjectID, SysDescr   string
}

// UnknownDevice is an ErrNoProfile with what the device says of itself.
type UnknownDevice struct {
	Identity Identity
	Reason   string
}

// Error implements error.
func (u *UnknownDevice) Error() string { return ErrNoProfile.Error() + ": " + u.Reason }

// Unwrap implements errors.Unwrap.
func (u *UnknownDevice) Unwrap() error { return ErrNoProfile }

// Fit is how well the profile fits that was chosen for a device.
type Fit struct {
	// Why tells a person what the choice rests on.
	Why string
	// Others are profiles that would fit as well, best first.
	Others []string
	// Candidates are all that fit, best first; none when a person chose.
	Candidates []Candidate
	// Generic: the profile serves devices of many vendors. Close: another one
	// fits nearly as well.
	Generic, Close bool
	// Makeshift: the device calls itself one of a family and had nothing of it
	// at this look. It is looked at again soon.
	Makeshift bool
}

// Candidate is a profile that fits what a device says of itself.
type Candidate struct {
	Profile string
	// Why tells a person what the match rests on.
	Why string
}

// Learned is what a driver found out about one device.
type Learned struct {
	Profile  string
	Fit      Fit
	Kind     string
	Identity Identity
	// Points in a fixed order; Reading.Index counts into it.
	Points []models.PointSpec
	// Intervals gives the wished interval of each poll group in Points.
	Intervals map[string]time.Duration
	// Controls are what can be written; none unless the driver is a Controller.
	Controls []models.ControlSpec
}

// Reading is the value of one learned point.
type Reading struct {
	// Index is the position in Learned.Points.
	Index int
	// Value is in the base unit, meaningful when Quality is Good.
	Value   float64
	Quality models.Quality
}

// Driver reads one device. Its methods are called by one goroutine at a time.
type Driver interface {
	// Learn identifies the device and lists its points. It is called before
	// the first Read and again when Read returned ErrChanged.
	Learn(ctx context.Context) (*Learned, error)
	// Read reads the points of the named groups once and appends one Reading
	// for each to dst, in the order of Index; a point which the device no longer has gets quality
	// Bad, one whose request failed CommFailed. When the device is not
	// reached at all, it returns an error that wraps ErrUnreachable.
	Read(ctx context.Context, groups []string, dst []Reading) ([]Reading, error)
	// Close releases what Learn and Read hold.
	Close() error
}

// ErrChanged is returned by Driver.Read together with readings when the device
// restarted, rows came or went or what decides the meaning of points changed, so
// that it must be learned anew.
var ErrChanged = errors.New("device changed, learn it again")

// ErrRestarted is an ErrChanged after which the old points may mean something
// else: the readings that come with it are not to be kept.
var ErrRestarted = fmt.Errorf("%w: it restarted", ErrChanged)

// ErrOther is an ErrChanged of what may be another device than the one that was
// learned: after a silence it is not what it was, or its name stands for another
// address. The readings that come with it are not to be kept.
var ErrOther = fmt.Errorf("%w: it may be another one", ErrChanged)

// Action is what is to be done with a control: an option of a command, or the
// value of a set-point in the base unit of its class.
type Action struct {
	Option string
	Value  float64
}

// Intent is exactly what a write would send, and what is there now.
type Intent struct {
	// Target is the object or register with the function.
	Target string
	// Raw is the value as it would go over the wire, Current the one that the
	// device holds; empty when it cannot be read.
	Raw, Current string
	// CurrentOption and CurrentValue (base unit) are the meaning of Current,
	// where it has one.
	CurrentOption string
	CurrentValue  *float64
}

// Same says whether two intents would write the same.
func (i Intent) Same(other Intent) bool { return i.Target == other.Target && i.Raw == other.Raw }

// Controller is a Driver that may write. Drivers are controllers only when
// their engine was built to write and the target allows it.
type Controller interface {
	Driver
	// Intend works out what Write would send and reads what is there; it
	// writes nothing.
	Intend(ctx context.Context, control string, a Action) (Intent, error)
	// Write sends one write, once, whatever happens to it. It returns nil when
	// the device accepted it; an error that wraps ErrRejected when the device
	// refused, ErrUnanswered when nobody knows; after any other error nothing
	// was sent.
	Write(ctx context.Context, control string, a Action, want Intent) error
}

// Errors of controllers.
var (
	// ErrReadOnly: the device is only read.
	ErrReadOnly = errors.New("the device is only read")
	// ErrNoControl: the device has no such control.
	ErrNoControl = errors.New("the device has no such control")
	// ErrAction: the control has no such option, or the value is out of bounds.
	ErrAction = errors.New("the control does not take this")
	// ErrMoved: what would be written is not what was asked for any more.
	ErrMoved = errors.New("the device would be written in another way than was confirmed")
	// ErrRejected: the device answered that it does not do it.
	ErrRejected = errors.New("the device refused")
	// ErrUnanswered: the write was sent and not answered.
	ErrUnanswered = errors.New("the write was not answered: its outcome is unknown")
)

// Sink takes the samples of a poll. When Append returns nil they are kept.
type Sink interface {
	Append(ctx context.Context, samples []models.Sample) error
}

// Registry gives points their identity.
type Registry interface {
	// Register makes sure that each spec is a point of the device and returns
	// their ids in the order of specs. Points of the device that are no longer
	// listed are marked retired, never deleted. The same points of the same
	// device have the same ids each time: while an error lasts, those that were
	// given before go on.
	Register(ctx context.Context, device models.DeviceID, learned *Learned) ([]models.PointID, error)
}

// Target is where and how a device is reached.
type Target struct {
	Device models.DeviceID
	Name   string
	// Generation counts the replacements of the device by another one; with a
	// new one it is learned anew at once.
	Generation uint64
	// Address is host:port, or a serial port with settings.
	Address  string
	Protocol Protocol
	// Profile names a profile; empty means identify.
	Profile string
	SNMP    SNMPCredential
	Modbus  ModbusAddress
	// Control allows writing, if the engine does; ControlSNMP is what opens the
	// agent for it.
	Control     bool
	ControlSNMP SNMPCredential
	// Timeout of one request; zero means the protocol's default.
	Timeout time.Duration
	Retries int
	// Interval overrides the profile's interval of the fast group; zero keeps it.
	Interval time.Duration
}

// Protocol is how a device is spoken to.
type Protocol string

// The protocols.
const (
	SNMPv1    Protocol = "snmp-v1"
	SNMPv2c   Protocol = "snmp-v2c"
	SNMPv3    Protocol = "snmp-v3"
	ModbusTCP Protocol = "modbus-tcp"
	// ModbusRTUOverTCP is serial framing in a TCP stream, as cheap converters do.
	ModbusRTUOverTCP Protocol = "modbus-rtu-tcp"
	// ModbusRTU is a serial line of this machine; the address is its port with
	// settings: /dev/ttyUSB0?baud=9600&parity=even.
	ModbusRTU Protocol = "modbus-rtu"
)

// SNMPCredential opens an SNMP agent: Community for v1 and v2c, the rest for v3.
type SNMPCredential struct {
	Community string
	User      string
	// AuthProtocol: "", MD5, SHA, SHA224, SHA256, SHA384, SHA512.
	AuthProtocol, AuthPassword string
	// PrivProtocol: "", DES, AES, AES192, AES256, AES192C, AES256C.
	PrivProtocol, PrivPassword string
	ContextName                string
}

// ModbusAddress is the address behind a Modbus connection.
type ModbusAddress struct {
	Unit uint8
}
