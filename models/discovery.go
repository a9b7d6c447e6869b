package models

import "time"

// DiscoveryRange is a set of addresses that is searched for devices.
type DiscoveryRange struct {
	ID uint64 `gorm:"primaryKey" json:"id"`
	// SiteID is where the addresses are, and where devices are adopted to.
	SiteID uint64 `json:"site_id"`
	// Name is unique.
	Name string `json:"name"`
	// Ranges read 10.0.0.0/24, 10.0.0.5-10.0.0.80, 10.0.0.5-80 or one address.
	Ranges []string `gorm:"serializer:json" json:"ranges"`
	// Credentials are tried in this order; empty leaves SNMP out.
	Credentials []uint64 `gorm:"-" json:"credentials"`
	// Units are the Modbus unit ids to ask, such as 1-10 or 1,3,20-25; empty
	// leaves Modbus out.
	Units string `json:"units"`
	// SNMPPort and ModbusPort are those of the agents and gateways; ModbusRTU
	// expects serial frames there.
	SNMPPort   uint16 `gorm:"column:snmp_port" json:"snmp_port"`
	ModbusPort uint16 `json:"modbus_port"`
	ModbusRTU  bool   `gorm:"column:modbus_rtu" json:"modbus_rtu"`
	// Rate is how many addresses are begun in a second, 1 to 1000.
	Rate int `json:"rate"`
	// IntervalH is the time from one scan to the next in hours; zero means
	// that nobody starts one but people.
	IntervalH   int    `gorm:"column:interval_h" json:"interval_h"`
	Enabled     bool   `json:"enabled"`
	Description string `json:"description"`
	Record
}

// DiscoveryRunState is how a scan is or ended.
type DiscoveryRunState string

// The states of a scan.
const (
	RunRunning   DiscoveryRunState = "running"
	RunDone      DiscoveryRunState = "done"
	RunCancelled DiscoveryRunState = "cancelled"
	RunFailed    DiscoveryRunState = "failed"
	// RunInterrupted: the program ended before the scan did.
	RunInterrupted DiscoveryRunState = "interrupted"
)

// DiscoveryRun is one scan of a range.
type DiscoveryRun struct {
	ID        uint64            `gorm:"primaryKey" json:"id"`
	RangeID   uint64            `json:"range_id"`
	State     DiscoveryRunState `json:"state"`
	StartedAt time.Time         `json:"started_at"`
	EndedAt   *time.Time        `json:"ended_at"`
	// Addresses are to be looked at, Done were; Skipped are left out because
	// the configuration does not allow them.
	Addresses int `json:"addresses"`
	Done      int `json:"done"`
	Skipped   int `json:"skipped"`
	// Found devices answered.
	Found int `json:"found"`
	// LeftMS is the time that the rest will take at the pace so far, in
	// milliseconds; nil when that cannot be told.
	LeftMS *int64 `gorm:"column:left_ms" json:"left_ms"`
	// New, Changed and Gone say what differs from the scan before; nil until
	// the scan has ended well.
	New     *int   `gorm:"column:new_count" json:"new"`
	Changed *int   `gorm:"column:changed_count" json:"changed"`
	Gone    *int   `gorm:"column:gone_count" json:"gone"`
	Error   string `json:"error"`
	// Actor is who started it.
	Actor string `json:"actor"`
}

// FindingState is what is to be done about a finding.
type FindingState string

// The states of a finding. The first that holds counts: it is ignored, it does
// not answer now, it differs from what was found before, it became a device,
// it was one already, it is new.
const (
	FindingIgnored FindingState = "ignored"
	FindingGone    FindingState = "gone"
	FindingChanged FindingState = "changed"
	FindingAdopted FindingState = "adopted"
	FindingKnown   FindingState = "known"
	FindingNew     FindingState = "new"
)

// FindingStates returns all states.
func FindingStates() []FindingState {
	return []FindingState{FindingNew, FindingChanged, FindingGone, FindingKnown, FindingAdopted, FindingIgnored}
}

// FindingChange is one difference between two scans.
type FindingChange struct {
	// Field is vendor, model, serial, firmware, mac, name, object-id or profile.
	Field string `json:"field"`
	From  string `json:"from"`
	// To is empty when nothing fits any more.
	To string `json:"to"`
}

// DiscoveryFinding is a device that answered a scan. What it says of itself is
// foreign text.
type DiscoveryFinding struct {
	ID      uint64 `gorm:"primaryKey" json:"id"`
	RangeID uint64 `json:"range_id"`
	// RunID is the last scan in which it answered.
	RunID uint64 `json:"run_id"`
	// Address is host:port; Transport is "snmp" or "modbus". With UnitID they
	// are unique in a range.
	Address   string `json:"address"`
	Transport string `json:"transport"`
	// Protocol is one of Polling.
	Protocol string `json:"protocol"`
	UnitID   uint8  `json:"unit_id"`
	// CredentialID is the one that was answered; nil for Modbus and when all
	// were refused.
	CredentialID *uint64 `json:"credential_id"`
	Vendor       string  `json:"vendor"`
	Model        string  `json:"model"`
	Serial       string  `json:"serial"`
	Firmware     string  `json:"firmware"`
	MAC          string  `gorm:"column:mac" json:"mac"`
	SysName      string  `json:"sys_name"`
	SysObjectID  string  `json:"sys_object_id"`
	SysDescr     string  `json:"sys_descr"`
	Kind         Kind    `json:"kind"`
	// Profile is the one proposed, with how sure that is: high, medium, low or
	// none; Why tells what it rests on, Others would fit as well.
	Profile    string   `json:"profile"`
	Confidence string   `json:"confidence"`
	Why        string   `json:"why"`
	Others     []string `gorm:"serializer:json" json:"others"`
	// Points would be read with the profile; nil when that is not known.
	Points *int `json:"points"`
	// Problem is why it cannot be read as it is, in words.
	Problem     string    `json:"problem"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	Ignored     bool      `json:"ignored"`
	// GoneAt is when it was found not to answer any more; nil while it does.
	GoneAt *time.Time `json:"gone_at"`
	// ChangedAt and Changes tell what differs until somebody has seen it.
	ChangedAt *time.Time      `json:"changed_at"`
	Changes   []FindingChange `gorm:"serializer:json" json:"changes"`
	// DeviceID is the device that it is; nil while it is none. MatchedBy is
	// "address" or "serial".
	DeviceID  *DeviceID `json:"device_id"`
	MatchedBy string    `json:"matched_by"`
	// AdoptedAt is set when the device was made of this finding.
	AdoptedAt *time.Time `json:"adopted_at"`
	// AddressOrder sorts addresses as numbers.
	AddressOrder string `json:"-"`
	// Folded is the text that searches look in.
	Folded string `gorm:"column:search_text" json:"-"`
}
