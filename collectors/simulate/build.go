package simulate

import (
	"fmt"

	"github.com/aisle-dcim/aisle/models"
)

// build makes every device of the site.
func (f *Facility) build() error {
	w := f.world
	templates := map[string]*template{}
	get := func(name string) (*template, error) {
		if t, ok := templates[name]; ok {
			return t, nil
		}
		t, err := f.template(name)
		if err == nil {
			templates[name] = t
		}
		return t, err
	}
	for i := range w.racks {
		r := &w.racks[i]
		h := f.opt.Site.Halls[r.hall]
		t, err := get(h.PDU[r.row%len(h.PDU)])
		if err != nil {
			return err
		}
		for s := sideA; s <= sideB; s++ {
			info := Info{Name: pduName(r, s), Kind: "pdu", Hall: r.hall, Rack: r.name, Side: string("AB"[s])}
			d, err := f.add(t, info, withPeaks(w.pduValues(r, s)))
			if err != nil {
				return err
			}
			d.told = func(key, option string) bool { return w.switchOutlet(&r.pdu[s], outlet(key), option) }
			if err := f.behind(fmt.Sprintf("GW-%s-%02d", h.Code, r.row+1), d); err != nil {
				return err
			}
		}
	}
	for i := range w.ups {
		u := &w.ups[i]
		h := f.opt.Site.Halls[u.hall]
		if h.UPS == "" {
			continue
		}
		t, err := get(h.UPS)
		if err != nil {
			return err
		}
		width, _ := f.opt.Site.RoomSize(u.hall)
		info := Info{Name: u.name, Kind: "ups", Hall: u.hall, Side: string("AB"[u.side]), XM: width - 1.4, YM: 2 + 3*float64(u.side)}
		if _, err := f.add(t, info, w.upsValues(u)); err != nil {
			return err
		}
	}
	count := map[int]int{}
	for i := range w.cooling {
		c := &w.cooling[i]
		h := f.opt.Site.Halls[c.hall]
		if h.Cooling == "" {
			continue
		}
		t, err := get(h.Cooling)
		if err != nil {
			return err
		}
		_, depth := f.opt.Site.RoomSize(c.hall)
		y := depth*(float64(count[c.hall])+0.5)/float64(h.CoolingUnits) - 0.6
		count[c.hall]++
		if _, err := f.add(t, Info{Name: c.name, Kind: "cooling", Hall: c.hall, XM: 0.3, YM: y}, w.coolingValues(c)); err != nil {
			return err
		}
	}
	return f.buildPlant(get)
}

// buildPlant makes the meters, the transfer switch, the generator and the
// chillers; those with Modbus are behind one gateway.
func (f *Facility) buildPlant(get func(string) (*template, error)) error {
	w, p := f.world, f.opt.Site.Plant
	// told may be nil, see device.told.
	addTold := func(profileName string, info Info, value func(string, *models.PointSpec) (float64, bool), told func(key, option string) bool) error {
		if profileName == "" {
			return nil
		}
		t, err := get(profileName)
		if err != nil {
			return err
		}
		info.Hall = -1
		d, err := f.add(t, info, value)
		if err != nil {
			return err
		}
		d.told = told
		return f.behind("GW-1", d)
	}
	add := func(profileName string, info Info, value func(string, *models.PointSpec) (float64, bool)) error {
		return addTold(profileName, info, value, nil)
	}
	for s := sideA; s <= sideB; s++ {
		name := "MSB-" + string("AB"[s])
		if err := add(p.MeterProfile, Info{Name: name, Kind: "meter", Side: string("AB"[s])}, w.meterValues(func() (float64, float64, bool) {
			return w.plant.boardW[s], w.plant.boardWh[s] + 8e8, w.boardLive(s)
		})); err != nil {
			return err
		}
	}
	if err := add(p.PanelProfile, Info{Name: "MCC-1", Kind: "meter"}, w.meterValues(func() (float64, float64, bool) {
		return w.plant.mechW, 1.2e8 + w.plant.mechW, w.boardLive(sideA) || w.boardLive(sideB)
	})); err != nil {
		return err
	}
	if err := add(p.ATSProfile, Info{Name: "ATS-1", Kind: "ats"}, w.atsValues()); err != nil {
		return err
	}
	if err := add(p.GensetProfile, Info{Name: "GEN-1", Kind: "generator"}, w.gensetValues()); err != nil {
		return err
	}
	for i := range w.chillers {
		c := &w.chillers[i]
		if err := addTold(p.ChillerProfile, Info{Name: c.name, Kind: "chiller"}, w.chillerValues(c), c.told); err != nil {
			return err
		}
	}
	for _, h := range f.opt.Site.Halls {
		name := "LEAK-" + h.Code
		if err := add(p.LeakProfile, Info{Name: name, Kind: "leak"}, w.leakValues(name)); err != nil {
			return err
		}
	}
	return nil
}

// String names a fault for logs.
func (f Fault) String() string { return fmt.Sprintf("%s at %s", f.Kind, f.Target) }
