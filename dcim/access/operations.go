package access

import (
	"slices"
)

// Role is a named set of operations.
type Role string

// The roles. They are not a ladder: a planner lays out halls and plans
// changes but does not configure devices, an engineer does both, and neither
// manages users.
const (
	// Viewer sees the facility, its values and its alarms.
	Viewer Role = "viewer"
	// Operator runs the shift: acknowledges alarms and polls devices at will.
	Operator Role = "operator"
	// Engineer configures layout, devices, profiles, credentials and alarms.
	Engineer Role = "engineer"
	// Planner designs: layout, inventory in plan and change programmes.
	Planner Role = "planner"
	// Administrator does everything, users and system included.
	Administrator Role = "administrator"
)

// Roles returns all roles, least first.
func Roles() []Role { return []Role{Viewer, Operator, Engineer, Planner, Administrator} }

// Valid says whether the role exists.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Can says whether the role includes op. Unknown roles and operations are
// refused.
func (r Role) Can(op Operation) bool { return slices.Contains(matrix[op], r) }

// Operation is something that can be permitted.
type Operation string

// The operations.
const (
	// ReadFacility is seeing sites, rooms, racks, devices and their points.
	ReadFacility Operation = "facility.read"
	// ReadTelemetry is seeing live values and history.
	ReadTelemetry Operation = "telemetry.read"
	// ReadAlarms is seeing alarms and their history.
	ReadAlarms Operation = "alarm.read"
	// ReadCollectors is seeing the health of collectors and of polling.
	ReadCollectors Operation = "collector.read"
	// ReadPlans is seeing planned changes, capacity and reports.
	ReadPlans Operation = "plan.read"
	// ExportData is taking data out in files.
	ExportData Operation = "data.export"
	// AckAlarm is acknowledging, shelving and commenting alarms.
	AckAlarm Operation = "alarm.ack"
	// PollDevice is asking for a poll now, outside the schedule.
	PollDevice Operation = "device.poll"
	// InjectFault is making the simulated facility fail.
	InjectFault Operation = "simulation.fault"
	// EditLayout is changing sites, locations, rows, racks and placement.
	EditLayout Operation = "layout.edit"
	// EditDevices is changing devices, their types, addresses and points.
	EditDevices Operation = "device.edit"
	// EditProfiles is changing how device families are read.
	EditProfiles Operation = "profile.edit"
	// EditAlarmRules is changing rules, limits and notification.
	EditAlarmRules Operation = "alarm.edit"
	// EditCollectors is changing what collectors read and how.
	EditCollectors Operation = "collector.edit"
	// DiscoverDevices is sweeping address ranges for devices.
	DiscoverDevices Operation = "device.discover"
	// ImportData is bringing data in from files.
	ImportData Operation = "data.import"
	// EditPlan is changing plans, reservations and programmes.
	EditPlan Operation = "plan.edit"
	// ApprovePlan is releasing a plan for work.
	ApprovePlan Operation = "plan.approve"
	// RequestControl is asking for something to be written to the plant;
	// control is off unless configured.
	RequestControl Operation = "control.request"
	// ConfirmControl is being the second person who has it written, or
	// refuses. The matrix lets some roles do both; one person cannot.
	ConfirmControl Operation = "control.confirm"
	// AllowControl is opening a device for writing at all.
	AllowControl Operation = "control.allow"
	// ReadCredentials is seeing which credentials exist, never their secrets.
	ReadCredentials Operation = "credential.read" //nolint:gosec // the name of an operation
	// ManageCredentials is creating and changing secrets of devices.
	ManageCredentials Operation = "credential.manage" //nolint:gosec // the name of an operation
	// UseCredentials is opening a secret; only collectors do, as the system.
	UseCredentials Operation = "credential.use" //nolint:gosec // the name of an operation
	// ManageOwnAccount is changing one's own password, preferences, sessions
	// and tokens.
	ManageOwnAccount Operation = "account.own"
	// ManageUsers is creating, changing and disabling users, and revoking
	// their sessions and tokens.
	ManageUsers Operation = "user.manage"
	// ReadAudit is seeing and verifying the audit log.
	ReadAudit Operation = "audit.read"
	// ManageSystem is settings, backup, restore, debugging.
	ManageSystem Operation = "system.manage"
)

// matrix is the whole rule: an operation that is not here, or a role that is
// not in its list, is refused.
//
//	                    viewer operator engineer planner administrator
//	facility.read          x      x        x        x         x
//	telemetry.read         x      x        x        x         x
//	alarm.read             x      x        x        x         x
//	collector.read         x      x        x        x         x
//	plan.read              x      x        x        x         x
//	data.export            x      x        x        x         x
//	account.own            x      x        x        x         x
//	alarm.ack                     x        x                  x
//	device.poll                   x        x                  x
//	simulation.fault              x        x                  x
//	control.request               x        x                  x
//	layout.edit                            x        x         x
//	data.import                            x        x         x
//	plan.edit                              x        x         x
//	plan.approve                                    x         x
//	device.edit                            x                  x
//	profile.edit                           x                  x
//	alarm.edit                             x                  x
//	collector.edit                         x                  x
//	device.discover                        x                  x
//	control.confirm                        x                  x
//	credential.read                        x                  x
//	credential.manage                      x                  x
//	credential.use         (the system only)
//	control.allow                                             x
//	user.manage                                               x
//	audit.read                                                x
//	system.manage                                             x
var matrix = map[Operation][]Role{
	ReadFacility:      {Viewer, Operator, Engineer, Planner, Administrator},
	ReadTelemetry:     {Viewer, Operator, Engineer, Planner, Administrator},
	ReadAlarms:        {Viewer, Operator, Engineer, Planner, Administrator},
	ReadCollectors:    {Viewer, Operator, Engineer, Planner, Administrator},
	ReadPlans:         {Viewer, Operator, Engineer, Planner, Administrator},
	ExportData:        {Viewer, Operator, Engineer, Planner, Administrator},
	ManageOwnAccount:  {Viewer, Operator, Engineer, Planner, Administrator},
	AckAlarm:          {Operator, Engineer, Administrator},
	PollDevice:        {Operator, Engineer, Administrator},
	InjectFault:       {Operator, Engineer, Administrator},
	EditLayout:        {Engineer, Planner, Administrator},
	ImportData:        {Engineer, Planner, Administrator},
	EditPlan:          {Engineer, Planner, Administrator},
	ApprovePlan:       {Planner, Administrator},
	EditDevices:       {Engineer, Administrator},
	EditProfiles:      {Engineer, Administrator},
	EditAlarmRules:    {Engineer, Administrator},
	EditCollectors:    {Engineer, Administrator},
	DiscoverDevices:   {Engineer, Administrator},
	RequestControl:    {Operator, Engineer, Administrator},
	ConfirmControl:    {Engineer, Administrator},
	AllowControl:      {Administrator},
	ReadCredentials:   {Engineer, Administrator},
	ManageCredentials: {Engineer, Administrator},
	UseCredentials:    {},
	ManageUsers:       {Administrator},
	ReadAudit:         {Administrator},
	ManageSystem:      {Administrator},
}

// systemWide are the operations that concern all sites at once: a principal
// confined to some sites cannot do them, whatever its role.
var systemWide = map[Operation]bool{
	EditProfiles:      true,
	ReadCredentials:   true,
	ManageCredentials: true,
	ManageUsers:       true,
	ReadAudit:         true,
	ManageSystem:      true,
}

// Operations returns all operations, sorted.
func Operations() []Operation {
	ops := make([]Operation, 0, len(matrix))
	for op := range matrix {
		ops = append(ops, op)
	}
	slices.Sort(ops)
	return ops
}
