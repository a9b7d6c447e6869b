package modbus

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

// TestRecordingsAreRecognised gives each recording of a family that can be
// recognised by its registers to all match rules: its own profile must fit best,
// and a family that is known by its words only must not be taken for another.
func TestRecordingsAreRecognised(t *testing.T) {
	lib := library(t)
	files, err := fs.Glob(profiles.FS, "*/testdata/*.modbus")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 28 {
		t.Errorf("%d recordings", len(files))
	}
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".modbus"), "~")
		t.Run(name, func(t *testing.T) {
			data, err := fs.ReadFile(profiles.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			rec, err := profile.ReadModbusRecording(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			p, ok := lib.Get(name)
			if !ok {
				t.Fatalf("there is no profile %q", name)
			}
			found := lib.MatchModbus(profile.ModbusIdentity{DeviceID: rec.DeviceID, ServerID: rec.ServerID, ModbusView: rec})
			switch {
			case byRegisters(p) && (len(found) == 0 || found[0].Profile != p):
				t.Errorf("recognised as %v", found)
			case !byRegisters(p) && len(found) > 0:
				t.Errorf("taken for %s: %s", found[0].Profile.Name, found[0].Why)
			}
		})
	}
}

// byRegisters tells whether a family is recognised by what is in a recording.
func byRegisters(p *profile.Profile) bool {
	for _, m := range p.Match {
		if m.Says == "" {
			return true
		}
	}
	return false
}

func TestIdentifyingDevicesThatKeepSilent(t *testing.T) {
	const points = `
match: [{where: [{register: 7, table: holding, in: ["42"]}]}]
defaults: {table: holding, source: test}
points:
  - {key: a, class: count, register: 0, type: u16}
`
	t.Run("to functions they do not know", func(t *testing.T) {
		d := newDevice(tableHolding, map[int]uint16{0: 1, 7: 42})
		d.silent = true
		b := setUp(t, d, points)
		b.driver.target.Profile = ""
		b.learn()
		b.is(nil, "a=1")
	})
	t.Run("to everything", func(t *testing.T) {
		b := setUp(t, newDevice(tableHolding, nil), points)
		b.driver.target.Profile = ""
		if _, err := b.driver.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
			t.Errorf("learn: %v", err)
		}
		if n := b.engine.Stats().Requests; n > maxMute {
			t.Errorf("%d questions to a device that is not there", n)
		}
	})
	t.Run("about what decides", func(t *testing.T) {
		d := newDevice(tableHolding, map[int]uint16{0: 1, 7: 42})
		d.mute[7] = true
		b := setUp(t, d, points)
		b.driver.target.Profile = ""
		if _, err := b.driver.Learn(t.Context()); !errors.Is(err, collectors.ErrUnreachable) {
			t.Errorf("learn: %v, want no verdict while a rule could not be checked", err)
		}
	})
}
