package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/discovery"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/problem"
)

// Discovery keeps ranges, scans and findings; *discovery.Service does.
type Discovery interface {
	Ranges(ctx context.Context) ([]discovery.RangeSummary, error)
	Range(ctx context.Context, id uint64) (discovery.RangeSummary, error)
	CreateRange(ctx context.Context, r models.DiscoveryRange) (models.DiscoveryRange, error)
	UpdateRange(ctx context.Context, r models.DiscoveryRange) (models.DiscoveryRange, error)
	DeleteRange(ctx context.Context, id uint64) error
	Runs(ctx context.Context, rangeID uint64) ([]models.DiscoveryRun, error)
	Findings(ctx context.Context, f discovery.FindingFilter) (discovery.FindingPage, error)
	Mark(ctx context.Context, ids []uint64, m discovery.Marking) error
	Adopt(ctx context.Context, a discovery.Adoption) ([]discovery.Adopted, error)
}

var _ Discovery = (*discovery.Service)(nil)

// Scanner scans ranges. It asks who may.
type Scanner interface {
	// StartScan returns when the scan is under way.
	StartScan(ctx context.Context, rangeID uint64) (models.DiscoveryRun, error)
	// CancelScan returns when the scan has ended.
	CancelScan(ctx context.Context, id uint64) error
}

func findingCounts(n map[models.FindingState]int) apigen.FindingCounts {
	return apigen.FindingCounts{
		New: n[models.FindingNew], Changed: n[models.FindingChanged], Gone: n[models.FindingGone],
		Known: n[models.FindingKnown], Adopted: n[models.FindingAdopted], Ignored: n[models.FindingIgnored],
	}
}

func scan(p access.Principal, r models.DiscoveryRun) apigen.Scan {
	out := apigen.Scan{
		Id: r.ID, Range: r.RangeID, State: apigen.ScanState(r.State), StartedAt: r.StartedAt.UTC(), EndedAt: r.EndedAt, Addresses: r.Addresses,
		Done: r.Done, Skipped: r.Skipped, Found: r.Found, New: r.New, Changed: r.Changed, Gone: r.Gone, Error: opt(pollError(p, r.Error)), Who: r.Actor,
	}
	if r.LeftMS != nil {
		s := float32((time.Duration(*r.LeftMS) * time.Millisecond).Seconds())
		out.LeftS = &s
	}
	return out
}

func discoveryRange(p access.Principal, r discovery.RangeSummary) apigen.DiscoveryRange {
	x := r.DiscoveryRange
	snmp, modbus := int(x.SNMPPort), int(x.ModbusPort)
	credentials, names := x.Credentials, r.CredentialNames
	if credentials == nil {
		credentials = []uint64{}
	}
	if names == nil {
		names = []string{}
	}
	out := apigen.DiscoveryRange{
		Id: x.ID, SiteName: r.SiteName, CredentialNames: names, Next: r.Next, Counts: findingCounts(r.Counts),
		Input: apigen.DiscoveryRangeInput{
			Name: x.Name, Site: x.SiteID, Ranges: x.Ranges, Credentials: &credentials, Units: opt(x.Units), SnmpPort: &snmp, ModbusPort: &modbus,
			ModbusRtu: &x.ModbusRTU, Rate: &x.Rate, IntervalH: &x.IntervalH, Enabled: &x.Enabled, Description: opt(x.Description), Version: &x.Version,
		},
	}
	if r.Last != nil {
		last := scan(p, *r.Last)
		out.Last = &last
	}
	return out
}

// ListDiscoveryRanges lists the ranges.
func (a *API) ListDiscoveryRanges(c echo.Context) error {
	ctx := c.Request().Context()
	rows, err := a.o.Discovery.Ranges(ctx)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	out := apigen.DiscoveryRangeList{Items: make([]apigen.DiscoveryRange, len(rows))}
	for i, r := range rows {
		out.Items[i] = discoveryRange(p, r)
	}
	return answer(c, http.StatusOK, out)
}

// GetDiscoveryRange tells of one range.
func (a *API) GetDiscoveryRange(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	r, err := a.o.Discovery.Range(ctx, id)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	return answer(c, http.StatusOK, discoveryRange(p, r))
}

func rangeOf(in apigen.DiscoveryRangeInput) models.DiscoveryRange {
	return models.DiscoveryRange{
		Name: in.Name, SiteID: in.Site, Ranges: in.Ranges, Credentials: or(in.Credentials, nil), Units: or(in.Units, ""),
		SNMPPort: uint16(or(in.SnmpPort, 0)), ModbusPort: uint16(or(in.ModbusPort, 0)), ModbusRTU: or(in.ModbusRtu, false),
		Rate: or(in.Rate, 0), IntervalH: or(in.IntervalH, 0), Enabled: or(in.Enabled, true), Description: or(in.Description, ""),
	}
}

// CreateDiscoveryRange adds a range.
func (a *API) CreateDiscoveryRange(c echo.Context) error {
	in, err := body[apigen.DiscoveryRangeInput](c)
	if err != nil {
		return err
	}
	r, err := a.o.Discovery.CreateRange(c.Request().Context(), rangeOf(in))
	if err != nil {
		return err
	}
	return created(c, r.ID)
}

// UpdateDiscoveryRange changes a range, if it is still as the caller saw it.
func (a *API) UpdateDiscoveryRange(c echo.Context, id apigen.ID) error {
	in, err := body[apigen.DiscoveryRangeInput](c)
	if err != nil {
		return err
	}
	r := rangeOf(in)
	r.ID = id
	if r.Version, err = seen(in.Version); err != nil {
		return err
	}
	if _, err := a.o.Discovery.UpdateRange(c.Request().Context(), r); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// DeleteDiscoveryRange removes a range with what was found in it.
func (a *API) DeleteDiscoveryRange(c echo.Context, id apigen.ID) error {
	if err := a.o.Discovery.DeleteRange(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ListScans lists the scans of a range.
func (a *API) ListScans(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	rows, err := a.o.Discovery.Runs(ctx, id)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	out := apigen.ScanList{Items: make([]apigen.Scan, len(rows))}
	for i, r := range rows {
		out.Items[i] = scan(p, r)
	}
	return answer(c, http.StatusOK, out)
}

// StartScan scans a range.
func (a *API) StartScan(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	run, err := a.o.Scanner.StartScan(ctx, id)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	return answer(c, http.StatusCreated, scan(p, run))
}

// CancelScan ends a scan early.
func (a *API) CancelScan(c echo.Context, id apigen.ID) error {
	if err := a.o.Scanner.CancelScan(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func finding(p access.Principal, f discovery.FindingSummary) apigen.Finding {
	out := apigen.Finding{
		Id: f.ID, Range: f.RangeID, RangeName: f.RangeName, Site: f.SiteID, State: apigen.FindingState(f.State), Address: f.Address,
		Protocol: apigen.FindingProtocol(f.Protocol), CredentialName: opt(f.CredentialName), Vendor: opt(f.Vendor), Model: opt(f.Model),
		Serial: opt(f.Serial), Firmware: opt(f.Firmware), Mac: opt(f.MAC), SysName: opt(f.SysName), SysDescr: opt(f.SysDescr), Kind: opt(string(f.Kind)),
		Profile: opt(f.Profile), Confidence: apigen.FindingConfidence(f.Confidence), Why: matchReasons(f.Why), Others: f.Others, Points: f.Points,
		Problem: opt(pollError(p, f.Problem)), FirstSeen: f.FirstSeenAt.UTC(), LastSeen: f.LastSeenAt.UTC(), GoneSince: f.GoneAt,
		Changes: make([]apigen.FindingChange, len(f.Changes)), DeviceName: opt(f.DeviceName),
	}
	if out.Others == nil {
		out.Others = []string{}
	}
	if f.Transport == "modbus" {
		unit := int(f.UnitID)
		out.UnitId = &unit
	}
	for i, x := range f.Changes {
		out.Changes[i] = apigen.FindingChange{Field: apigen.FindingChangeField(x.Field), From: x.From, To: x.To}
	}
	if f.DeviceID != nil {
		id := uint64(*f.DeviceID)
		out.Device = &id
		if f.DeviceAddress != f.Address {
			out.DeviceAddress = opt(f.DeviceAddress)
		}
	}
	return out
}

// ListFindings lists what was found.
func (a *API) ListFindings(c echo.Context, params apigen.ListFindingsParams) error {
	ctx := c.Request().Context()
	f := discovery.FindingFilter{RangeID: or(params.Range, 0), Search: or(params.Q, ""), Limit: or(params.Limit, 500), Offset: or(params.Offset, 0)}
	for _, s := range or(params.State, nil) {
		f.States = append(f.States, models.FindingState(s))
	}
	page, err := a.o.Discovery.Findings(ctx, f)
	if err != nil {
		return err
	}
	p, _ := access.From(ctx)
	out := apigen.FindingList{Items: make([]apigen.Finding, len(page.Items)), Total: page.Total, Counts: findingCounts(page.Counts)}
	for i, x := range page.Items {
		out.Items[i] = finding(p, x)
	}
	return answer(c, http.StatusOK, out)
}

// MarkFindings notes what somebody decided about findings.
func (a *API) MarkFindings(c echo.Context) error {
	in, err := body[apigen.FindingMark](c)
	if err != nil {
		return err
	}
	if err := a.o.Discovery.Mark(c.Request().Context(), in.Findings, discovery.Marking(in.Mark)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// AdoptFindings makes devices of findings.
func (a *API) AdoptFindings(c echo.Context) error {
	in, err := body[apigen.AdoptionInput](c)
	if err != nil {
		return err
	}
	rows, err := a.o.Discovery.Adopt(c.Request().Context(), discovery.Adoption{
		Findings: in.Findings, Pattern: in.Pattern, SiteID: or(in.Site, 0), LocationID: in.Location, RackID: in.Rack,
	})
	a.reader.Invalidate() // some may have been adopted before it failed
	if err != nil {
		return err
	}
	out := apigen.AdoptionResult{Items: make([]apigen.AdoptedFinding, len(rows))}
	for i, r := range rows {
		out.Items[i] = apigen.AdoptedFinding{Finding: r.FindingID, Name: opt(r.Name)}
		if r.Err != nil {
			e := problem.From(r.Err)
			if e.Status >= http.StatusInternalServerError {
				a.o.Log.ErrorContext(c.Request().Context(), "adopt finding", "finding", r.FindingID, "err", r.Err)
			}
			p := e.Body(c.Response().Header().Get(echo.HeaderXRequestID))
			out.Items[i].Problem = &p
			continue
		}
		id := uint64(r.DeviceID)
		out.Items[i].Device = &id
		out.Adopted++
	}
	return answer(c, http.StatusOK, out)
}

// MatchReasons tells in codes what the choice of a profile rests on.
func MatchReasons(text string) []apigen.MatchReason {
	out := []apigen.MatchReason{}
	for _, r := range models.MatchReasons(text) {
		out = append(out, apigen.MatchReason{Code: apigen.MatchReasonCode(r.Code), Value: opt(r.Value)})
	}
	return out
}

func matchReasons(text string) *[]apigen.MatchReason {
	if text == "" {
		return nil
	}
	out := MatchReasons(text)
	return &out
}
