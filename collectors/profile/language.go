package profile

import (
	"crypto/sha256"
	"time"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/quantity"
)

// Protocols of a profile.
const (
	SNMP   = "snmp"
	Modbus = "modbus"
)

// Kinds are the kinds of device a profile may describe.
var Kinds = []string{
	"pdu", "ups", "ats", "meter", "generator", "cooling", "chiller", "sensor", "leak", "dc-power", "switchboard", "other",
}

// Profile describes one product family: how to recognise it and what it can
// report. It is read from YAML; the README beside the built-in profiles is the
// reference of the language.
type Profile struct {
	// Name equals the file name without its ending.
	Name string `yaml:"profile"`
	// Title is a human name of the family.
	Title string `yaml:"title"`
	// Kind is one of Kinds.
	Kind     string    `yaml:"kind"`
	Products []Product `yaml:"products"`
	// Protocol is snmp or modbus.
	Protocol string `yaml:"protocol"`
	// Abstract profiles are only there to be extended or fallen back to.
	Abstract bool `yaml:"abstract"`
	// Synthetic: written from the manual, not yet seen on a device.
	Synthetic bool `yaml:"synthetic"`
	// Base is the subtree that the objects are written for, of a maker who
	// gives every model a subtree of the same layout: on a device whose
	// sysObjectID is a sibling of it, they are looked for there.
	Base string `yaml:"base"`
	// Source names the MIB or manual that the profile was written from.
	Source string `yaml:"source"`
	// Extends names profiles whose points and identity are taken over; own
	// ones with the same key win.
	Extends []string `yaml:"extends"`
	// Fallback names generic profiles that fill gaps: their points are used
	// where this profile gives no point with the same key, or none with a value.
	Fallback []string `yaml:"fallback"`
	// Match lists ways to recognise the family; one is enough.
	Match []Match `yaml:"match"`
	// Priority decides between profiles that match equally well; higher wins.
	Priority int `yaml:"priority"`
	// Identity tells where the device says what it is: vendor, model, serial,
	// firmware, mac, name, location, contact.
	Identity map[string]IdentityField `yaml:"identity"`
	// Groups gives the interval of each poll group; fast (10 s) and slow
	// (60 s) exist without being named.
	Groups map[string]Duration `yaml:"groups"`
	// Defaults are taken by every point that does not say.
	Defaults Defaults `yaml:"defaults"`
	// Device is how a Modbus device must be spoken to.
	Device ModbusDevice `yaml:"modbus"`
	Points []Point      `yaml:"points"`
	// Controls are what devices of the family can be told, if control is
	// switched on.
	Controls []Control `yaml:"controls"`
	// Traps are the notifications that the family sends, TrapVariables the
	// objects that come with them, by name.
	Traps         []TrapRule        `yaml:"traps"`
	TrapVariables map[string]string `yaml:"trap_variables"`
	// TrapSeverities gives, by variable and its value, the severity of
	// notifications that come when something gets better as well as worse:
	// those whose own is unknown.
	TrapSeverities map[string]map[string]models.Severity `yaml:"trap_severities"`

	file     string
	warnings Faults
	origin   Origin
	fallback []*Profile
	// digest is that of the file and of what it extends, whole of what it
	// falls back to as well.
	digest, whole [sha256.Size]byte
}

// Role is what a profile is there for.
type Role string

// The roles.
const (
	// DeviceRole: devices are read by it.
	DeviceRole Role = "device"
	// BaseRole: others extend it or fall back to it.
	BaseRole Role = "base"
	// TrapsRole: it says what notifications mean.
	TrapsRole Role = "traps"
)

// Role returns what the profile is there for.
func (p *Profile) Role() Role {
	switch {
	case !p.Abstract:
		return DeviceRole
	case len(p.Traps) > 0:
		return TrapsRole
	}
	return BaseRole
}

// Product is one product of the family.
type Product struct {
	Vendor string `yaml:"vendor"`
	Model  string `yaml:"model"`
}

// Duration is a time span written as "10s" or "5m".
type Duration time.Duration

// Defaults are what points take when they do not say.
type Defaults struct {
	Group     string              `yaml:"group"`
	Source    string              `yaml:"source"`
	Index     []string            `yaml:"index"`
	Module    string              `yaml:"module"`
	FirstUnit *int                `yaml:"first_unit"`
	Invalid   []Number            `yaml:"invalid"`
	Table     string              `yaml:"table"`
	WordOrder string              `yaml:"word_order"`
	ByteOrder string              `yaml:"byte_order"`
	ByType    map[string][]Number `yaml:"invalid_by_type"`
}

// Match is one way to recognise a family; all given conditions must hold.
type Match struct {
	// SysObjectID lists identifiers that the device's must equal or begin with.
	SysObjectID []string `yaml:"sysObjectID"`
	// SysDescr is a regular expression found in the description.
	SysDescr string `yaml:"sysDescr"`
	// Present lists objects (ending in .0) or subtrees that must exist.
	Present []string `yaml:"present"`
	// Absent lists objects or subtrees that must not exist.
	Absent []string `yaml:"absent"`
	// Where are conditions on values.
	Where []Condition `yaml:"where"`
	// DeviceID are regular expressions on the texts of Modbus function 43/14,
	// by object number (0 vendor, 1 product code, 2 revision, 4 name, 5 model).
	DeviceID map[int]string `yaml:"device_id"`
	// ServerID is a regular expression on the answer of Modbus function 17.
	ServerID string `yaml:"server_id"`
	// Says is a regular expression on all that a Modbus device says of itself:
	// the texts of function 43/14 by object number and the answer of function
	// 17, with a blank between them. Case does not count.
	Says string `yaml:"says"`
	// SunSpec is the number of a model that a SunSpec device must have.
	SunSpec int `yaml:"sunspec"`
}

// Ref names one value beside a point: a column of the same row, an object, or
// a register.
type Ref struct {
	Column string `yaml:"column"`
	OID    string `yaml:"oid"`
	// Index counts how many leading index parts of the row the column has;
	// zero means all.
	Index int `yaml:"index"`
	// Register is a 0-based Modbus address with its table and type.
	Register *int   `yaml:"register"`
	Table    string `yaml:"table"`
	Type     string `yaml:"type"`
	// Length is how many registers a Modbus text takes, with type string, or
	// string-little when the bytes of each register are swapped.
	Length int `yaml:"length"`
}

// Condition is a test on one value. All given tests must hold; a value that
// does not exist fulfils none but "present: false".
type Condition struct {
	Ref      `yaml:",inline"`
	In       []string `yaml:"in"`
	Not      []string `yaml:"not"`
	Match    string   `yaml:"match"`
	NotMatch string   `yaml:"not_match"`
	Min      *float64 `yaml:"min"`
	Max      *float64 `yaml:"max"`
	Present  *bool    `yaml:"present"`
	// None, of a column, asks that no row at all fulfils the tests.
	None bool `yaml:"none"`
}

// IdentityField is where one fact of identity comes from.
type IdentityField struct {
	Const string `yaml:"const"`
	Ref   `yaml:",inline"`
	// Match takes the first group of a regular expression out of the text.
	Match string `yaml:"match"`
	// Texts replaces raw values by texts.
	Texts map[string]string `yaml:"texts"`
	// Format mac prints octets as a MAC address, dotted a number as its
	// decimal digits (301 is 3.0.1), nibbles a register as top nibble, next
	// nibble and low byte (0x1203 is 1.2.3).
	Format string `yaml:"format"`
	// Scale multiplies a number: 123 with 0.01 is 1.23.
	Scale *float64 `yaml:"scale"`
}

// State is the meaning of one raw number.
type State struct {
	Text     string          `yaml:"text"`
	Severity models.Severity `yaml:"severity"`
}

// StatesFrom names a text like "Off(0),Standby(1),Active(2)". Severities are
// given by the first expression that matches a state's text, info without.
// States that the profile knows itself win.
type StatesFrom struct {
	Ref        `yaml:",inline"`
	Severities []SeverityCase `yaml:"severities"`
}

// SeverityCase is the severity of states whose text matches.
type SeverityCase struct {
	Match    string          `yaml:"match"`
	Severity models.Severity `yaml:"severity"`
}

// Bit is the meaning of one flag.
type Bit struct {
	Name     string          `yaml:"name"`
	Text     string          `yaml:"text"`
	Severity models.Severity `yaml:"severity"`
}

// Range bounds raw numbers, both ends included.
type Range struct {
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
}

// LimitRefs tell where the device keeps its own thresholds, in the unit of
// the point.
type LimitRefs struct {
	LowCritical  *LimitRef `yaml:"low_critical"`
	LowWarning   *LimitRef `yaml:"low_warning"`
	HighWarning  *LimitRef `yaml:"high_warning"`
	HighCritical *LimitRef `yaml:"high_critical"`
}

// LimitRef is where one threshold stands.
type LimitRef struct {
	Ref `yaml:",inline"`
	// Scale multiplies the raw number to that of the point; zero means 1.
	Scale float64 `yaml:"scale"`
	// Invalid lists further raw values that mean "no threshold".
	Invalid []Number `yaml:"invalid"`
	// Enabled is the flag by which the device applies the threshold at all.
	Enabled *Flag `yaml:"enabled"`
	// Where are conditions on the row without which there is no threshold.
	Where []Condition `yaml:"where"`
}

// Flag is one bit of a BITS object (RFC 2578): bit 0 is the highest of the
// first octet.
type Flag struct {
	Ref `yaml:",inline"`
	Bit int `yaml:"bit"`
}

// Patch changes settings of a point for rows or devices of one case.
type Patch struct {
	Skip    bool            `yaml:"skip"`
	Class   quantity.Class  `yaml:"class"`
	Unit    string          `yaml:"unit"`
	Scale   *float64        `yaml:"scale"`
	Offset  *float64        `yaml:"offset"`
	Name    string          `yaml:"name"`
	Key     string          `yaml:"key"`
	Label   string          `yaml:"label"`
	States  map[int64]State `yaml:"states"`
	Invalid []Number        `yaml:"invalid"`
	Format  string          `yaml:"format"`
}

// Select changes a point by a neighbouring value, read when the device is
// learned and watched from then on where it decides what the point means.
type Select struct {
	Ref `yaml:",inline"`
	// Pow10 multiplies the scale by ten to the value times this: -1 for a
	// column of decimal digits, 1 for an exponent.
	Pow10 *int `yaml:"pow10"`
	// Multiply multiplies the scale by the value; Divide divides by it.
	Multiply bool `yaml:"multiply"`
	Divide   bool `yaml:"divide"`
	// Balance finds the scale by a sum that must hold; it stands instead of a
	// neighbour.
	Balance *Balance `yaml:"balance"`
	// Cases are patches by the value's text.
	Cases map[string]Patch `yaml:"cases"`
	// Texts are patches by regular expressions on the text, first match wins.
	Texts []TextCase `yaml:"texts"`
	// Otherwise applies when no case fits, and where the device has no exponent
	// or factor; without it the point stays as it is.
	Otherwise *Patch `yaml:"otherwise"`
}

// Balance decides between scales that a setting of the device chooses which no
// object gives: the values of Sum, times one of Factors, add up to those of
// Equals, whose scale is known. Values that do not exist count as zero. Where
// no factor fits, or several do as at no load, the point is left out.
type Balance struct {
	Sum    []Ref `yaml:"sum"`
	Equals []Ref `yaml:"equals"`
	// Scale is that of Equals; zero means 1.
	Scale   float64   `yaml:"scale"`
	Factors []float64 `yaml:"factors"`
}

// TextCase is a patch for rows whose text matches.
type TextCase struct {
	Match string `yaml:"match"`
	Patch `yaml:",inline"`
}

// ScaleFrom is a Modbus register holding an exponent of ten, read together
// with the value.
type ScaleFrom struct {
	Register int    `yaml:"register"`
	Table    string `yaml:"table"`
	Type     string `yaml:"type"`
}

// ValidFrom is a value, read together with the point, that decides whether it
// counts.
type ValidFrom struct {
	Ref  `yaml:",inline"`
	Good []int64 `yaml:"good"`
	// Optional: on a device without the value the point always counts.
	Optional bool `yaml:"optional"`
}

// Field is a number inside a raw number.
type Field struct {
	LSB   int `yaml:"lsb"`
	Width int `yaml:"width"`
}

// Point is one thing that devices of the family may report; a point of a
// table column becomes one for each row.
type Point struct {
	// Key is the path in the device: text with {parts} of the index.
	Key   string         `yaml:"key"`
	Class quantity.Class `yaml:"class"`
	// Unit is that of raw x scale + offset.
	Unit   string   `yaml:"unit"`
	Scale  *float64 `yaml:"scale"`
	Offset float64  `yaml:"offset"`
	// Label is a human name; {label} is the text of LabelFrom.
	Label     string `yaml:"label"`
	LabelFrom *Ref   `yaml:"label_from"`
	Group     string `yaml:"group"`
	// Source is the MIB object or the manual's name of the register.
	Source string `yaml:"source"`

	// OID is a single object, Column a table column without its index.
	OID    string `yaml:"oid"`
	Column string `yaml:"column"`
	// High is the object that holds the upper 32 bits.
	High string `yaml:"high"`
	// Index names the parts of the row index in order; a last name ending in
	// * takes the rest, in $ the rest as a text.
	Index []string `yaml:"index"`
	// Parts takes further parts of keys and labels from columns of the row,
	// for tables that are indexed by a mere running number.
	Parts map[string]string `yaml:"parts"`
	// Names replaces index numbers in keys and labels.
	Names map[string]map[int64]string `yaml:"names"`
	// Rows keeps only rows whose index part is listed.
	Rows map[string][]int64 `yaml:"rows"`
	// Module names the index part that counts daisy-chained units: points of
	// the second unit and up get the prefix "unit/N/".
	Module string `yaml:"module"`
	// FirstUnit is the number that Module has for the first unit: 1 or 0.
	FirstUnit *int `yaml:"first_unit"`

	// Register is the 0-based Modbus address as on the wire.
	Register  *int       `yaml:"register"`
	Table     string     `yaml:"table"`
	Type      string     `yaml:"type"`
	WordOrder string     `yaml:"word_order"`
	ByteOrder string     `yaml:"byte_order"`
	UnitID    *int       `yaml:"unit_id"`
	ScaleFrom *ScaleFrom `yaml:"scale_from"`

	// Format tells how raw is a number: see Formats.
	Format string `yaml:"format"`
	Field  *Field `yaml:"field"`
	// Items names the part that counts the items of a text with commas
	// between them, from 1: each item is a point of its own.
	Items string `yaml:"items"`
	// When are conditions on the device, Where on the row.
	When   []Condition `yaml:"when"`
	Where  []Condition `yaml:"where"`
	Select []Select    `yaml:"select"`
	// Invalid lists raw values that mean "no value".
	Invalid []Number `yaml:"invalid"`
	Valid   Range    `yaml:"valid"`
	// ValidFrom is read with each poll.
	ValidFrom *ValidFrom `yaml:"valid_from"`
	// OmitInvalid leaves out rows that have no value when the device is
	// learned: sockets without a probe.
	OmitInvalid bool            `yaml:"omit_invalid"`
	States      map[int64]State `yaml:"states"`
	// StatesFrom is where the device itself lists the texts of raw numbers.
	StatesFrom *StatesFrom `yaml:"states_from"`
	// Texts turns text values into state numbers.
	Texts map[string]int64 `yaml:"texts"`
	// Bits makes one alarm point of each flag; Key and Label contain {bit}.
	Bits   map[int]Bit `yaml:"bits"`
	Limits LimitRefs   `yaml:"limits"`
	// Access rw notes a setting that could be written; what can be written from
	// here is in the controls of the profile.
	Access string `yaml:"access"`
	Note   string `yaml:"note"`

	// written is the point as the profile has it, of one whose registers were
	// moved.
	written *Point
}

// Formats are the values of Point.Format.
var Formats = []string{
	"",                 // a number as it is, or text that is a number
	"text",             // the first number in a text, in the unit behind it: "23.4 C"
	"hex",              // text of hexadecimal digits
	"unsigned",         // octets as a big-endian unsigned number
	"float32",          // four octets, IEEE 754, big-endian
	"i8", "i16", "i32", // an unsigned number of that width that is meant signed
	"abs", // the sign is dropped: a power factor that is negative when leading
	"hms", // text hours:minutes:seconds, in seconds
}

// ModbusDevice is how a Modbus device must be spoken to.
type ModbusDevice struct {
	// Unit is the usual unit id.
	Unit *int `yaml:"unit"`
	// UnitAliases are further unit ids of the same device.
	UnitAliases []int `yaml:"unit_aliases"`
	// MaxRead is the most registers in one request; zero means 125.
	MaxRead int `yaml:"max_read"`
	// Atomic: a read must not begin or end inside a value.
	Atomic bool `yaml:"atomic"`
	// Holes is "zero" when a block read fills undefined registers with 0.
	Holes string `yaml:"holes"`
	// SharedTables: holding and input are the same registers.
	SharedTables bool     `yaml:"shared_tables"`
	Functions    []int    `yaml:"functions"`
	Timeout      Duration `yaml:"timeout"`
	Gap          Duration `yaml:"gap"`
	// Pipeline is how many requests may be under way at once on a connection
	// of Modbus TCP; zero means 1.
	Pipeline int `yaml:"pipeline"`
	// SunSpec is the number of the SunSpec model that the registers are of:
	// where a device has it is looked for, see Profile.On.
	SunSpec int `yaml:"sunspec"`
	// Blocks are ranges known to be readable as a whole, gaps included.
	Blocks []Block `yaml:"blocks"`
	// Require are settings of the device that the register map depends on.
	Require []Requirement `yaml:"require"`
}

// Block is a range of registers.
type Block struct {
	Table    string `yaml:"table"`
	Register int    `yaml:"register"`
	Count    int    `yaml:"count"`
}

// Requirement is a condition with the words to say when it does not hold.
type Requirement struct {
	Condition `yaml:",inline"`
	Message   string `yaml:"message"`
}
