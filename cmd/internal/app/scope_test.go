package app

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// Who is confined to a site looks at no device of another one by its address.
func TestLookByAddressKeepsToTheSite(t *testing.T) {
	e := (&service{}).engineer(t, t.TempDir())
	sys := system(t.Context())
	own := e.testDevice(t, models.Device{Name: "own", Polling: models.Polling{Protocol: "modbus-tcp", Address: "127.30.0.1:1", UnitID: 1}})
	other, err := e.layout.CreateSite(sys, models.Site{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"a": "127.30.0.2:1", "b": "127.30.1.2:1"} {
		d := models.Device{Name: name, Polling: models.Polling{Protocol: "modbus-tcp", Address: address, UnitID: 1}}
		d.SiteID = other.ID
		if _, err := e.inventory.CreateDevice(sys, d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.scanner.service.CreateRange(sys, models.DiscoveryRange{SiteID: own.SiteID, Name: "hall", Ranges: []string{"127.30.1.1-2"}, Units: "1", ModbusPort: 502, Rate: 10}); err != nil {
		t.Fatal(err)
	}
	confined := e.as(t, access.Engineer, own.SiteID)
	for address, want := range map[string]int{
		"127.30.0.1:1":          http.StatusCreated,   // a device of the site
		"127.30.1.1:1":          http.StatusCreated,   // in a range of the site
		"127.30.0.2:1":          http.StatusForbidden, // a device of another site
		"127.30.0.2:7":          http.StatusForbidden, // at another port
		"[::ffff:127.30.0.2]:1": http.StatusForbidden, // in another way of writing
		"127.30.1.2:1":          http.StatusForbidden, // a device of another site in a range of the site
		"127.30.0.9:1":          http.StatusForbidden, // nothing that is known
		"localhost:1":           http.StatusForbidden, // by a name
	} {
		in := fmt.Sprintf(`{"address":%q,"protocol":"modbus-tcp"}`, address)
		var l apigen.Look
		if code := confined.do(t, http.MethodPost, "/looks", in, &l); code != want {
			t.Errorf("look at %s: %d, want %d", address, code, want)
		}
		if l.Id != "" {
			until(t, 20*time.Second, "the look is done", func() bool {
				id := l.Id
				return confined.do(t, http.MethodGet, "/looks/"+id, "", &l) == http.StatusOK && l.State != "running"
			})
		}
	}
	if code := confined.do(t, http.MethodPost, "/recordings", `{"target":{"address":"127.30.0.2:1","protocol":"modbus-tcp"}}`, nil); code != http.StatusForbidden {
		t.Errorf("record: %d", code)
	}
	if l := e.look(t, `{"address":"127.30.0.9:1","protocol":"modbus-tcp"}`); l.Failure == nil || l.Failure.Kind != "refused" {
		t.Errorf("an engineer of all sites: %s", text(t, l))
	}
}

// A recording that is kept can be sent to a test.
func TestRecordingFitsARequest(t *testing.T) {
	e := (&service{}).engineer(t, t.TempDir())
	send := func(data []byte) int {
		in := text(t, apigen.RecordingTest{Recording: apigen.NamedText{Name: "x.snmprec", Text: string(data)}})
		return e.do(t, http.MethodPost, "/profile-tests", in, nil)
	}
	plain := bytes.Repeat([]byte("1.3.6.1|2|56789\n"), maxRecordingBytes/16)
	if code := send(plain); !fitsTest(plain) || code != http.StatusUnprocessableEntity { // it was read, and is none
		t.Errorf("%d bytes: %v, %d", len(plain), fitsTest(plain), code)
	}
	if more := append(plain, 'x'); fitsTest(more) {
		t.Errorf("%d bytes are said to fit", len(more))
	}
	if quoted := bytes.Repeat([]byte("\"\n"), maxRecordingBytes/2); fitsTest(quoted) || send(quoted) != http.StatusRequestEntityTooLarge {
		t.Error("a text that takes twice its length in a request is said to fit, or does")
	}
}
