package app

import (
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/models"
)

// meterProfile is a site's own profile; the scale and a further line are put
// into it.
const meterProfile = `profile: site-meter
title: Meter of this site
kind: meter
products: [{vendor: Site, model: Meter}]
source: SITE-METER-MIB
match: [{sysObjectID: [1.3.6.1.4.1.99999.1]}]
points:
  - {key: input/voltage, class: voltage, unit: V, scale: SCALE, oid: 1.3.6.1.4.1.99999.1.1.0, source: siteVoltage}
`

const meterRecording = `1.3.6.1.2.1.1.1.0|4|Site meter
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1
1.3.6.1.2.1.1.3.0|67|1000
1.3.6.1.4.1.99999.1.1.0|2|2301
`

// snmpDevice answers as a recording does.
func snmpDevice(t *testing.T, recording string) string {
	t.Helper()
	rec, err := profile.ReadRecording(strings.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	d, err := agent.Listen("127.0.0.1:0", table, agent.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d.Addr()
}

func (a *App) metric(t *testing.T, line string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.Addr().String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(data), "\n"+line+"\n")
}

// A site profile that appears is used for the device that had none; edited, it
// changes the scale; broken, it changes nothing and says so, also after the
// program was started anew; gone, the device has none again. A device of
// another profile is not disturbed.
func TestSiteProfilesAreReloaded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "profiles", "site-meter.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := plain(t, dir)
	credential := a.testCredential(t)
	d := a.testDevice(t, models.Device{Name: "meter", Polling: models.Polling{
		Enabled: true, Protocol: "snmp-v2c", Address: snmpDevice(t, meterRecording), CredentialID: credential, IntervalS: 1,
	}})
	ups, err := os.ReadFile("../../../configs/profiles/generic/testdata/ups-mib.snmprec")
	if err != nil {
		t.Fatal(err)
	}
	other := a.testDevice(t, models.Device{Name: "ups", Polling: models.Polling{
		Enabled: true, Protocol: "snmp-v2c", Address: snmpDevice(t, string(ups)), CredentialID: credential, IntervalS: 1,
	}})
	state := func(want collectors.State) func() bool {
		return func() bool { h, _ := a.manager.DeviceHealth(d.ID); return h.State == want }
	}
	voltage := func(want float64) func() bool {
		return func() bool {
			p, ok := a.inventory.Catalog().Key(d.ID, "input/voltage")
			if !ok {
				return false
			}
			v := a.live.Get([]models.PointID{p.ID})[0]
			return v.Quality == models.Good && math.Abs(v.Value-want) < 1e-9
		}
	}
	until(t, 15*time.Second, "no profile fits", state(collectors.StateNoProfile))
	until(t, 15*time.Second, "the other one is read", func() bool { h, _ := a.manager.DeviceHealth(other.ID); return h.State == collectors.StateOK })
	learned, err := a.inventory.Device(system(t.Context()), other.ID)
	if err != nil {
		t.Fatal(err)
	}

	write(strings.Replace(meterProfile, "SCALE", "1", 1))
	until(t, 6*time.Second, "read by the new profile", voltage(2301))
	write(strings.Replace(meterProfile, "SCALE", "0.1", 1))
	until(t, 6*time.Second, "read with the new scale", voltage(230.1))
	if a.profiles.Refused() != nil || !a.metric(t, "aisle_profiles_refused 0") || !a.metric(t, `aisle_profiles{origin="site"} 1`) {
		t.Errorf("refused: %v", a.profiles.Refused())
	}

	write(strings.Replace(meterProfile, "SCALE", "ten", 1))
	until(t, 6*time.Second, "refused", func() bool { return a.profiles.Refused() != nil })
	r := a.profiles.Refused()
	if len(r.Faults) == 0 || r.Faults[0].File != file || r.Faults[0].Line != 8 {
		t.Errorf("the refusal does not name line 8 of %s: %v", file, r)
	}
	if !a.metric(t, "aisle_profiles_refused 1") {
		t.Error("the refusal is not among the metrics")
	}
	before := time.Now()
	until(t, 6*time.Second, "read as before", func() bool {
		h, _ := a.manager.DeviceHealth(d.ID)
		return h.State == collectors.StateOK && h.LastSuccess.After(before) && voltage(230.1)()
	})

	// Started anew with the broken file, it reads as before.
	stop(t, a)
	a = plain(t, dir)
	if a.profiles.Refused() == nil {
		t.Error("after the start nothing is said of the broken file")
	}
	until(t, 15*time.Second, "read after a new start", func() bool {
		h, _ := a.manager.DeviceHealth(d.ID)
		return h.State == collectors.StateOK && h.LastSuccess.After(before) && voltage(230.1)()
	})
	until(t, 15*time.Second, "the other one is read", func() bool { h, _ := a.manager.DeviceHealth(other.ID); return h.State == collectors.StateOK })
	if learned, err = a.inventory.Device(system(t.Context()), other.ID); err != nil {
		t.Fatal(err)
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	until(t, 6*time.Second, "no profile any more", state(collectors.StateNoProfile))
	if a.profiles.Refused() != nil {
		t.Errorf("still refused: %v", a.profiles.Refused())
	}
	now, err := a.inventory.Device(system(t.Context()), other.ID)
	if err != nil {
		t.Fatal(err)
	}
	if h, _ := a.manager.DeviceHealth(other.ID); h.State != collectors.StateOK || !now.LearnedAt.Equal(*learned.LearnedAt) {
		t.Errorf("the other device was disturbed: %+v, learned at %v, before at %v", h, now.LearnedAt, learned.LearnedAt)
	}
}
