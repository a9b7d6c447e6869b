package workshop

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/aisle-dcim/aisle/collectors/profile"
)

// Errors of Apply.
var (
	// ErrRecording means that a file is not a recording that can be read.
	ErrRecording = errors.New("not a recording that can be read")
	// ErrNothingFits means that no profile fits a recording, or that the one
	// named does not.
	ErrNothingFits = errors.New("no profile fits")
	// ErrUnknownProfile means that there is no profile of the name given.
	ErrUnknownProfile = errors.New("there is no such profile")
)

// RecordingOf returns the name of the profile that a recording is named after:
// PROFILE.snmprec or PROFILE~VARIANT.modbus. Empty for other files.
func RecordingOf(file string) string {
	base := path.Base(file)
	ending := path.Ext(base)
	if ending != ".snmprec" && ending != ".modbus" {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimSuffix(base, ending), "~")
	return name
}

// Apply applies a profile to a recording, by the ending of whose file its form
// is known. An empty name takes the profile that fits best; a Modbus recording
// tells little of the device, so that the profile which the file is named
// after comes first, then the one that it was recorded with.
func Apply(lib *profile.Library, name, file string, data []byte) (*profile.Device, error) {
	var p *profile.Profile
	if name != "" {
		found, ok := lib.Get(name)
		if !ok {
			return nil, fmt.Errorf("%w: %q", ErrUnknownProfile, name)
		}
		p = found
	}
	if path.Ext(file) == ".modbus" {
		rec, err := profile.ReadModbusRecording(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecording, err)
		}
		if p == nil {
			if p = modbusProfile(lib, file, rec); p == nil {
				return nil, fmt.Errorf("%w what the Modbus device says of itself: name one", ErrNothingFits)
			}
		}
		if p.Protocol != profile.Modbus {
			return nil, fmt.Errorf("%w: profile %s is for %s", ErrNothingFits, p.Name, p.Protocol)
		}
		return fitted(p.ResolveModbus(rec))
	}
	rec, err := profile.ReadRecording(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecording, err)
	}
	if p == nil {
		d, found := lib.Recognise(rec)
		if d != nil {
			return d, nil
		}
		if len(found) == 0 {
			return nil, ErrNothingFits
		}
		p = found[0].Profile
	}
	if p.Protocol != profile.SNMP {
		return nil, fmt.Errorf("%w: profile %s is for %s", ErrNothingFits, p.Name, p.Protocol)
	}
	return fitted(p.Resolve(rec))
}

// fitted tells by its kind that a device holds nothing of a profile.
func fitted(d *profile.Device, err error) (*profile.Device, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNothingFits, err)
	}
	return d, nil
}

func modbusProfile(lib *profile.Library, file string, rec *profile.ModbusRecording) *profile.Profile {
	if p, ok := lib.Get(RecordingOf(file)); ok && p.Protocol == profile.Modbus {
		return p
	}
	if p, ok := lib.Get(rec.Profile); ok && p.Protocol == profile.Modbus {
		return p
	}
	found := lib.MatchModbus(profile.ModbusIdentity{DeviceID: rec.DeviceID, ServerID: rec.ServerID, ModbusView: rec})
	if len(found) == 0 {
		return nil
	}
	return found[0].Profile
}
