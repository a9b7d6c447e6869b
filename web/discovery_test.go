package web_test

import (
	"net/http"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// everyDiscovery defines a range, scans it, and adopts what is found.
func (c *client) everyDiscovery() {
	h, t := c.h, c.h.t
	t.Helper()
	community := "discovery-community"
	var made apigen.Created
	c.want(http.StatusCreated, "POST", "/credentials", apigen.CredentialInput{Name: "discovery", Kind: "snmp-community", Community: &community}, &made)
	cred := made.Id
	in := apigen.DiscoveryRangeInput{Name: "Hall 1", Site: h.site, Ranges: []string{"192.0.2.0/24"}, Credentials: &[]uint64{cred}}
	c.want(http.StatusCreated, "POST", "/discovery/ranges", in, &made)
	path := "/discovery/ranges/" + itoa(made.Id)
	c.refused(http.StatusConflict, "conflict", "POST", "/discovery/ranges", in)
	var r apigen.DiscoveryRange
	c.want(http.StatusOK, "GET", path, nil, &r)
	if *r.Input.SnmpPort != 161 || *r.Input.Rate != 50 || !*r.Input.Enabled || len(r.CredentialNames) != 1 || r.Last != nil || r.Next != nil {
		t.Errorf("range %+v", r)
	}
	day := 24
	r.Input.IntervalH = &day
	c.want(http.StatusNoContent, "PUT", path, r.Input, nil)
	c.refused(http.StatusConflict, "conflict", "PUT", path, r.Input)
	points := 12
	h.search.finds = []models.DiscoveryFinding{
		{Address: "192.0.2.10:161", Protocol: "snmp-v2c", CredentialID: &cred, Vendor: "Maker", Model: "M1", Kind: models.KindPDU, Profile: "test", Confidence: "high", Points: &points},
		{Address: "192.0.2.9:161", Protocol: "snmp-v3", Confidence: "none", Problem: "learn 192.0.2.9:161 as user monitor: credentials refused"},
		{Address: "192.0.2.9:502", Protocol: "modbus-tcp", UnitID: 3, Confidence: "none"},
	}
	var s apigen.Scan
	c.want(http.StatusCreated, "POST", path+"/scans", nil, &s)
	if s.State != "done" || s.Found != 3 || s.New == nil || *s.New != 3 {
		t.Errorf("scan %+v", s)
	}
	h.search.hold = true
	c.want(http.StatusCreated, "POST", path+"/scans", nil, &s)
	p := c.refused(http.StatusConflict, "conflict", "POST", path+"/scans", nil)
	if p.Reason == nil || *p.Reason != "running" {
		t.Errorf("problem %+v", p)
	}
	c.refused(http.StatusConflict, "conflict", "DELETE", path, nil)
	c.want(http.StatusNoContent, "DELETE", "/discovery/scans/"+itoa(s.Id), nil, nil)
	c.refused(http.StatusConflict, "conflict", "DELETE", "/discovery/scans/"+itoa(s.Id), nil)
	var scans apigen.ScanList
	c.want(http.StatusOK, "GET", path+"/scans", nil, &scans)
	if len(scans.Items) != 2 || scans.Items[0].State != "cancelled" {
		t.Errorf("scans %+v", scans)
	}
	var found apigen.FindingList
	c.want(http.StatusOK, "GET", "/discovery/findings?state=new&state=changed&q=192.0.2&range="+itoa(made.Id), nil, &found)
	if found.Total != 3 || found.Items[2].Address != "192.0.2.10:161" || found.Counts.New != 3 || found.Items[0].Points != nil || *found.Items[1].UnitId != 3 {
		t.Fatalf("findings %+v", found)
	}
	c.want(http.StatusNoContent, "POST", "/discovery/findings/mark", apigen.FindingMark{Findings: []uint64{found.Items[1].Id}, Mark: "ignore"}, nil)
	var out apigen.AdoptionResult
	c.want(http.StatusOK, "POST", "/discovery/findings/adopt", apigen.AdoptionInput{
		Findings: []uint64{found.Items[0].Id, found.Items[2].Id}, Pattern: "{vendor}-{n}", Location: &h.room,
	}, &out)
	if out.Adopted != 1 || out.Items[0].Problem == nil || (*out.Items[0].Problem.Errors)[0].Path != "pattern" || *out.Items[1].Name != "Maker-1" {
		t.Errorf("adopted %+v", out)
	}
	c.want(http.StatusOK, "GET", "/devices/"+itoa(*out.Items[1].Device), nil, nil)
	var list apigen.DiscoveryRangeList
	c.want(http.StatusOK, "GET", "/discovery/ranges", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Counts.Adopted != 1 || list.Items[0].Counts.Ignored != 1 || list.Items[0].Next == nil {
		t.Errorf("ranges %+v", list)
	}
	// Who edits no devices learns that credentials were refused, not whose.
	viewer := h.signedIn(access.Viewer)
	viewer.want(http.StatusOK, "GET", "/discovery/findings?state=new", nil, &found)
	if f := found.Items[0]; f.Problem == nil || *f.Problem != "credentials refused" {
		t.Errorf("viewer sees %+v", f)
	}
	viewer.want(http.StatusOK, "GET", path, nil, &r)
	if len(r.CredentialNames)+len(*r.Input.Credentials) != 0 {
		t.Errorf("viewer sees %+v", r)
	}
	c.refused(http.StatusConflict, "conflict", "DELETE", "/credentials/"+itoa(cred), nil)
	c.want(http.StatusNoContent, "DELETE", path, nil, nil)
}
