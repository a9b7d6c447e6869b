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
	// ErrRefused: an ErrUnreachable where nothing listens at the address.
	ErrRefused = errors.New("connection refused")
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
	// Generic: the profile serves devices of many vendors. Close: another one
	// fits nearly as well.
	Generic, Close bool
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
	// for each to dst; a point which the device no longer has gets quality
	// Bad, one whose request failed CommFailed. When the device is not
	// reached at all, it returns an error that wraps ErrUnreachable.
	Read(ctx context.Context, groups []string, dst []Reading) ([]Reading, error)
	// Close releases what Learn and Read hold.
	Close() error
}

// ErrChanged is returned by Driver.Read together with readings when the device
// restarted or rows came or went, so that it must be learned anew.
var ErrChanged = errors.New("device changed, learn it again")

// ErrRestarted is an ErrChanged after which the old points may mean something
// else: the readings that come with it are not to be kept.
var ErrRestarted = fmt.Errorf("%w: it restarted", ErrChanged)

// Sink takes the samples of a poll. When Append returns nil they are kept.
type Sink interface {
	Append(ctx context.Context, samples []models.Sample) error
}

// Registry gives points their identity.
type Registry interface {
	// Register makes sure that each spec is a point of the device and returns
	// their ids in the order of specs. Points of the device that are no longer
	// listed are marked retired, never deleted.
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
