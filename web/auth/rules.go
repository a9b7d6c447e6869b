package auth

import "github.com/aisle-dcim/aisle/dcim/access"

// Rules are the ways in of the API, by the operation id of the contract. An
// operation that is not here is not served.
func Rules() map[string]Rule {
	need := func(op access.Operation) Rule { return Rule{Operation: op} }
	public := Rule{Public: true}
	person := Rule{Operation: access.ManageOwnAccount, Person: true}
	return map[string]Rule{
		"getSetup":                 public,
		"createFirstAdministrator": public,
		"signIn":                   public,
		"signInWithLink":           public,

		"getSession":     need(access.ManageOwnAccount),
		"signOut":        need(access.ManageOwnAccount),
		"setPreferences": need(access.ManageOwnAccount),
		"changePassword": person,
		"listTokens":     need(access.ManageOwnAccount),
		"createToken":    person,
		"revokeToken":    need(access.ManageOwnAccount),
		"listSessions":   need(access.ManageOwnAccount),
		// Of others, the domain asks for the right to manage users.
		"endSession":       person,
		"endOtherSessions": person,

		"getOverview":     need(access.ReadFacility),
		"getTree":         need(access.ReadFacility),
		"getRoomPlan":     need(access.ReadFacility),
		"getRack":         need(access.ReadFacility),
		"listDevices":     need(access.ReadFacility),
		"getDevice":       need(access.ReadFacility),
		"getAbout":        need(access.ReadFacility),
		"getDevicePoints": need(access.ReadTelemetry),
		"searchPoints":    need(access.ReadTelemetry),
		"getTrends":       need(access.ReadTelemetry),
		"getStream":       need(access.ReadTelemetry),
		"listEvents":      need(access.ReadTelemetry),
		"getCollectors":   need(access.ReadCollectors),
		"pollDevice":      need(access.PollDevice),

		"getSite":     need(access.ReadFacility),
		"getLocation": need(access.ReadFacility),
		"getRow":      need(access.ReadFacility),

		"createSite":     need(access.EditLayout),
		"updateSite":     need(access.EditLayout),
		"deleteSite":     need(access.EditLayout),
		"createLocation": need(access.EditLayout),
		"updateLocation": need(access.EditLayout),
		"deleteLocation": need(access.EditLayout),
		"createRow":      need(access.EditLayout),
		"updateRow":      need(access.EditLayout),
		"deleteRow":      need(access.EditLayout),
		"createRack":     need(access.EditLayout),
		"updateRack":     need(access.EditLayout),
		"deleteRack":     need(access.EditLayout),
		// Planners may edit what is only planned; the domain knows which that is.
		"createDevice": need(access.EditLayout),
		"updateDevice": need(access.EditLayout),
		"deleteDevice": need(access.EditLayout),

		"acceptIdentity": need(access.EditDevices),

		"listControls":        need(access.ReadFacility),
		"allowControl":        need(access.AllowControl),
		"dryRunControl":       need(access.RequestControl),
		"requestControl":      need(access.RequestControl),
		"listControlRequests": need(access.ReadFacility),
		"getControlRequest":   need(access.ReadFacility),
		"confirmControl":      {Operation: access.ConfirmControl, Person: true},
		"rejectControl":       need(access.ConfirmControl),
		"cancelControl":       need(access.RequestControl),

		"listDiscoveryRanges":  need(access.ReadFacility),
		"getDiscoveryRange":    need(access.ReadFacility),
		"createDiscoveryRange": need(access.DiscoverDevices),
		"updateDiscoveryRange": need(access.DiscoverDevices),
		"deleteDiscoveryRange": need(access.DiscoverDevices),
		"listScans":            need(access.ReadFacility),
		"startScan":            need(access.DiscoverDevices),
		"cancelScan":           need(access.DiscoverDevices),
		"listFindings":         need(access.ReadFacility),
		"markFindings":         need(access.DiscoverDevices),
		"adoptFindings":        need(access.DiscoverDevices),

		// Of addresses and findings the domain asks for the right to discover.
		"startLook":        need(access.PollDevice),
		"getLook":          need(access.PollDevice),
		"cancelLook":       need(access.PollDevice),
		"startRecording":   need(access.EditProfiles),
		"getRecording":     need(access.EditProfiles),
		"cancelRecording":  need(access.EditProfiles),
		"getRecordingFile": need(access.EditProfiles),
		"listProfiles":     need(access.ReadFacility),
		"getProfile":       need(access.ReadFacility),
		"getProfileFile":   need(access.ReadFacility),
		"checkProfile":     need(access.EditProfiles),
		"putProfile":       need(access.EditProfiles),
		"removeProfile":    need(access.EditProfiles),
		"testRecording":    need(access.EditProfiles),
		"draftProfile":     need(access.EditProfiles),

		"listUsers":        need(access.ManageUsers),
		"createUser":       need(access.ManageUsers),
		"updateUser":       need(access.ManageUsers),
		"listCredentials":  need(access.ReadCredentials),
		"createCredential": need(access.ManageCredentials),
		"updateCredential": need(access.ManageCredentials),
		"deleteCredential": need(access.ManageCredentials),
		"listAudit":        need(access.ReadAudit),

		"getSimulation": need(access.ReadFacility),
		"injectFault":   need(access.InjectFault),
		"clearFault":    need(access.InjectFault),
	}
}
