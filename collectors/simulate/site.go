// Package simulate is a facility that obeys physics and answers on real
// sockets: rack PDUs, UPSs, cooling, meters, a generator. It is the demo, the
// training ground and the test bed. Devices are made from the same profiles
// that read them, in reverse.
package simulate

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Site describes the facility to build.
type Site struct {
	// Name of the site.
	Name string `yaml:"site"`
	// Seed makes two runs alike.
	Seed  uint64 `yaml:"seed"`
	Halls []Hall `yaml:"halls"`
	Plant Plant  `yaml:"plant"`
}

// Hall is one room with rows of racks, its own UPS pair and cooling units.
type Hall struct {
	Name         string `yaml:"name"`
	Code         string `yaml:"code"`
	Rows         int    `yaml:"rows"`
	RacksPerRow  int    `yaml:"racks_per_row"`
	CoolingUnits int    `yaml:"cooling_units"`
	// RackKW is the smallest and largest IT load of a rack at the peak of the
	// day; Empty the share of racks without load.
	RackKW [2]float64 `yaml:"rack_kw"`
	Empty  float64    `yaml:"empty"`
	// UPSRatingKW of each of the two UPSs; UPSMinutes is the autonomy of a new
	// battery at that rating.
	UPSRatingKW float64 `yaml:"ups_rating_kw"`
	UPSMinutes  float64 `yaml:"ups_minutes"`
	// CoolingUnitKW is the sensible capacity of each cooling unit.
	CoolingUnitKW float64 `yaml:"cooling_unit_kw"`
	// Profiles of the devices; PDU profiles take turns row by row.
	PDU     []string `yaml:"pdu_profiles"`
	UPS     string   `yaml:"ups_profile"`
	Cooling string   `yaml:"cooling_profile"`
}

// Plant is what the halls share.
type Plant struct {
	Chillers       int     `yaml:"chillers"`
	ChillerKW      float64 `yaml:"chiller_kw"`
	GeneratorKW    float64 `yaml:"generator_kw"`
	FuelL          float64 `yaml:"fuel_l"`
	MeterProfile   string  `yaml:"meter_profile"`
	PanelProfile   string  `yaml:"panel_profile"`
	ATSProfile     string  `yaml:"ats_profile"`
	GensetProfile  string  `yaml:"generator_profile"`
	ChillerProfile string  `yaml:"chiller_profile"`
	LeakProfile    string  `yaml:"leak_profile"`
}

//go:embed default.yaml
var defaultSite []byte

// DefaultSite is the facility of the demo: two halls of 120 racks.
func DefaultSite() (*Site, error) { return ParseSite(defaultSite) }

// DefaultSiteFile returns the file behind DefaultSite, as an example.
func DefaultSiteFile() []byte { return bytes.Clone(defaultSite) }

// ParseSite reads a site file; unknown keys and impossible numbers are
// refused with their place.
func ParseSite(data []byte) (*Site, error) {
	var s Site
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("read site file: %w", err)
	}
	var errs []error
	fault := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(s.Name != "", "site: a name is missing")
	fault(len(s.Halls) > 0, "halls: at least one is needed")
	for i, h := range s.Halls {
		at := fmt.Sprintf("halls[%d]", i)
		fault(h.Name != "" && h.Code != "", "%s: name and code are needed", at)
		fault(h.Rows >= 1 && h.Rows <= 100, "%s.rows: %d is not between 1 and 100", at, h.Rows)
		fault(h.RacksPerRow >= 1 && h.RacksPerRow <= 100, "%s.racks_per_row: %d is not between 1 and 100", at, h.RacksPerRow)
		fault(h.CoolingUnits >= 0 && h.CoolingUnits <= 100, "%s.cooling_units: %d is not between 0 and 100", at, h.CoolingUnits)
		fault(h.RackKW[0] >= 0 && h.RackKW[1] >= h.RackKW[0], "%s.rack_kw: want [least, most]", at)
		fault(h.Empty >= 0 && h.Empty <= 1, "%s.empty: %v is not between 0 and 1", at, h.Empty)
		fault(h.UPSRatingKW > 0 && h.UPSMinutes > 0, "%s: ups_rating_kw and ups_minutes must be above 0", at)
		fault(h.CoolingUnits == 0 || h.CoolingUnitKW > 0, "%s.cooling_unit_kw must be above 0", at)
		fault(len(h.PDU) > 0, "%s.pdu_profiles: at least one is needed", at)
	}
	fault(s.Plant.Chillers >= 1 && s.Plant.ChillerKW > 0, "plant: at least one chiller with a capacity is needed")
	fault(s.Plant.GeneratorKW > 0 && s.Plant.FuelL > 0, "plant: generator_kw and fuel_l must be above 0")
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("read site file: %w", err)
	}
	return &s, nil
}
