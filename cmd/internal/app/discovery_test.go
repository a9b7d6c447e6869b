package app

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/agent"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// playDevice answers as a recorded device at the address.
func playDevice(t *testing.T, address, file string) *agent.Agent {
	t.Helper()
	f, err := profiles.FS.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rec, err := profile.ReadRecording(f)
	if err != nil {
		t.Fatal(err)
	}
	table, err := agent.NewTable(rec)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Listen(address, table, agent.Options{Community: "plant"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

type scanAnswer struct {
	ID                 uint64
	State              string
	Addresses, Skipped int
	Done, Found        int
	New, Changed, Gone *int
	Error              string
	LeftS              float64 `json:"left_s"`
	StartedAt, EndedAt time.Time
	Who                string
}

type findingsAnswer struct {
	Items []struct {
		ID                                                                        uint64
		State, Address, Protocol, Profile, Confidence, Model, Problem, DeviceName string
		CredentialName                                                            string `json:"credential_name"`
		Points                                                                    *int
	}
	Total int
}

func (s *service) scans(t *testing.T, path string) []scanAnswer {
	t.Helper()
	var out struct{ Items []scanAnswer }
	s.do(t, "GET", path+"/scans", "", &out)
	return out.Items
}

func (s *service) scanned(t *testing.T, path string) scanAnswer {
	t.Helper()
	if code := s.do(t, "POST", path+"/scans", "", nil); code != 201 {
		t.Fatalf("scan is not started: %d", code)
	}
	until(t, 20*time.Second, "the scan ends", func() bool { return s.scans(t, path)[0].State != "running" })
	return s.scans(t, path)[0]
}

func (s *service) make(t *testing.T, path, body string) uint64 {
	t.Helper()
	var made struct{ ID uint64 }
	if code := s.do(t, "POST", path, body, &made); code != 201 {
		t.Fatalf("%s: %d", path, code)
	}
	return made.ID
}

// Discovery from the range to the device that is polled, by the API alone.
func TestDiscovery(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.20.1.1:0")
	if err != nil {
		t.Skipf("this system has no loopback address but 127.0.0.1: %v", err)
	}
	port := netip.MustParseAddrPort(c.LocalAddr().String()).Port()
	_ = c.Close()
	playDevice(t, fmt.Sprintf("127.20.1.2:%d", port), "raritan/testdata/raritan-pdu2.snmprec")
	ups := playDevice(t, fmt.Sprintf("127.20.1.3:%d", port), "generic/testdata/ups-mib.snmprec")

	dir := t.TempDir()
	s := startService(t, dir, nil, io.Discard)
	site := s.make(t, "/sites", `{"name":"S"}`)
	wrong := s.make(t, "/credentials", `{"name":"wrong","kind":"snmp-community","community":"something-else"}`)
	right := s.make(t, "/credentials", `{"name":"right","kind":"snmp-community","community":"plant"}`)
	in := func(name, ranges string, more string) string {
		return fmt.Sprintf(`{"name":%q,"site":%d,"ranges":[%q],"credentials":[%d,%d],"snmp_port":%d%s}`, name, site, ranges, wrong, right, port, more)
	}
	for _, bad := range []string{"10.0.0.0/8", "nonsense", "169.254.1.0/24"} {
		if code := s.do(t, "POST", "/discovery/ranges", in("bad", bad, ""), nil); code != 422 {
			t.Errorf("range %s: %d", bad, code)
		}
	}
	// What the configuration does not allow is left out and said.
	path := fmt.Sprint("/discovery/ranges/", s.make(t, "/discovery/ranges", in("Hall 1", "127.20.1.2-4", `,"rate":1000`)))
	run := s.scanned(t, path)
	if run.State != "done" || run.Addresses != 3 || run.Done != 3 || run.Found != 2 || run.New == nil || *run.New != 2 || *run.Gone != 0 {
		t.Fatalf("scan %+v", run)
	}
	var found findingsAnswer
	s.do(t, "GET", "/discovery/findings", "", &found)
	if len(found.Items) != 2 || found.Items[0].Profile != "raritan-pdu2" || found.Items[0].CredentialName != "right" || found.Items[1].Profile != "ups-mib" ||
		found.Items[1].Confidence != "low" || found.Items[1].Points == nil {
		t.Fatalf("found %+v", found)
	}
	var adopted struct{ Adopted int }
	s.do(t, "POST", "/discovery/findings/adopt", fmt.Sprintf(`{"findings":[%d],"pattern":"{kind}-{n}"}`, found.Items[0].ID), &adopted)
	if adopted.Adopted != 1 {
		t.Fatal("not adopted")
	}
	until(t, 20*time.Second, "the adopted device is polled", func() bool {
		var list deviceList
		s.do(t, "GET", "/devices", "", &list)
		return list.Total == 1 && list.Items[0].Name == "pdu-1" && list.Items[0].State == "ok" && list.Items[0].Points > 10
	})
	// One stops to answer.
	if err := ups.Close(); err != nil {
		t.Fatal(err)
	}
	if run = s.scanned(t, path); *run.New != 0 || *run.Gone != 1 || run.Found != 1 {
		t.Errorf("second scan %+v", run)
	}
	s.do(t, "GET", "/discovery/findings", "", &found)
	if found.Items[0].State != "adopted" || found.Items[1].State != "gone" {
		t.Errorf("found %+v", found)
	}

	// A slow scan is told how long it takes, and cancelled.
	slow := fmt.Sprint("/discovery/ranges/", s.make(t, "/discovery/ranges", in("slow", "127.20.2.0/24", `,"rate":1`)))
	id := s.make(t, slow+"/scans", "")
	if code := s.do(t, "POST", slow+"/scans", "", nil); code != 409 {
		t.Errorf("second scan of a range: %d", code)
	}
	until(t, 30*time.Second, "progress with the time left", func() bool {
		r := s.scans(t, slow)[0]
		return r.Done > 0 && r.Done < 254 && r.LeftS > 60
	})
	if code := s.do(t, "DELETE", fmt.Sprint("/discovery/scans/", id), "", nil); code != 204 {
		t.Errorf("cancel: %d", code)
	}
	if r := s.scans(t, slow)[0]; r.State != "cancelled" || r.Gone != nil || r.EndedAt.IsZero() && r.Done == 254 {
		t.Errorf("cancelled %+v", r)
	}
	// The end of the program interrupts a scan; so does its sudden end.
	s.make(t, slow+"/scans", "")
	s.stop(t)
	s = startService(t, dir, nil, io.Discard)
	if r := s.scans(t, slow)[0]; r.State != "interrupted" {
		t.Errorf("after the end: %+v", r)
	}
	sudden := models.DiscoveryRun{RangeID: 1, State: models.RunRunning, StartedAt: time.Now().UTC(), Addresses: 3}
	if err := s.core.DB.Create(&sudden).Error; err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	s = startService(t, dir, nil, io.Discard)
	defer func() { s.stop(t) }()
	if r := s.scans(t, path)[0]; r.State != "interrupted" {
		t.Errorf("after a sudden end: %+v", r)
	}
	// The schedule starts what is due.
	s.make(t, "/discovery/ranges", in("scheduled", "127.20.1.2", `,"interval_h":24`))
	s.scanner.startDue(system(t.Context()))
	until(t, 20*time.Second, "the scheduled scan ends", func() bool {
		var list struct {
			Items []struct {
				Last *scanAnswer
				Next *time.Time
			}
		}
		s.do(t, "GET", "/discovery/ranges", "", &list)
		x := list.Items[1]
		return x.Last != nil && x.Last.State == "done" && x.Next != nil && time.Until(*x.Next) > 23*time.Hour
	})
	// A credential that is lost fails the scan: nothing is called gone for it.
	if err := s.core.DB.Exec("UPDATE credentials SET secret = 'x' WHERE id = ?", wrong).Error; err != nil {
		t.Fatal(err)
	}
	if r := s.scanned(t, path); r.State != "failed" || !strings.Contains(r.Error, "credential cannot be opened") || r.Gone != nil {
		t.Errorf("lost credential: %+v", r)
	}
}
