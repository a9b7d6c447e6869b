package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/aisle-dcim/aisle/collectors/simulate"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/inventory"
	"github.com/aisle-dcim/aisle/models"
)

// The credentials that open the simulated SNMP agents, by protocol.
var demoCredentials = map[string]string{"snmp-v2c": "simulation", "snmp-v3": "simulation-v3"}

// adopt takes the simulated facility into the model: its rooms, racks, power
// chain and devices. What is there already is left as it is, but for the
// addresses, which change with every start.
func (a *App) adopt(ctx context.Context) error {
	user := a.opt.Facility.User()
	for _, c := range []credential.New{
		{Name: demoCredentials["snmp-v2c"], Kind: "snmp-community", Secrets: credential.Secrets{Community: a.opt.Facility.Community()}},
		{Name: demoCredentials["snmp-v3"], Kind: "snmp-v3", Secrets: credential.Secrets{
			User: user.Name, AuthProtocol: user.AuthProtocol, AuthPassphrase: user.AuthPassword,
			PrivProtocol: user.PrivProtocol, PrivPassphrase: user.PrivPassword,
		}},
	} {
		if _, err := a.core.Credentials.Create(ctx, c); err != nil && !errors.Is(err, credential.ErrConflict) {
			return err
		}
	}
	done, err := a.inventory.Import(ctx, simulatedFacility(a.opt.Facility))
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, "simulated facility in the model", "created", fmt.Sprint(done.Created), "readdressed", done.Readdressed)
	return nil
}

// simulatedFacility describes the simulated facility in the words of the
// inventory.
func simulatedFacility(f *simulate.Facility) inventory.Facility {
	site := f.Site()
	built := map[string]bool{}
	for _, d := range f.Devices() {
		built[d.Name] = true
	}
	// meter names a device where the site has it.
	meter := func(name string) string {
		if built[name] {
			return name
		}
		return ""
	}
	s := inventory.SiteSpec{Site: models.Site{Name: site.Name, Status: models.StatusActive, TimeZone: "Asia/Ho_Chi_Minh", Description: "Simulated facility"}}
	s.Loops = []models.CoolingLoop{{Name: "CHW-1", Kind: "chilled-water", Status: models.StatusActive, SupplyC: ptr(10.0), ReturnC: ptr(16.0)}}
	for _, side := range []models.FeedSide{"A", "B"} {
		s.Sources = append(s.Sources, inventory.SourceSpec{PowerSource: models.PowerSource{
			Name: "UTILITY-" + string(side), Kind: "utility", Status: models.StatusActive, VoltageV: 400, VoltageKind: models.LineLine, Phases: 3, CapacityVA: 2.5e6, Side: side,
		}, Device: meter("MSB-" + string(side))})
		s.Panels = append(s.Panels, inventory.PanelSpec{PowerPanel: models.PowerPanel{
			Name: "MSB-" + string(side), Kind: "main", Status: models.StatusActive, VoltageV: 400, VoltageKind: models.LineLine, Phases: 3, AmperageA: 4000, Side: side,
		}, Device: meter("MSB-" + string(side))})
	}
	s.Sources = append(s.Sources, inventory.SourceSpec{PowerSource: models.PowerSource{
		Name: "GEN-1", Kind: "generator", Status: models.StatusActive, VoltageV: 400, VoltageKind: models.LineLine, Phases: 3, CapacityVA: site.Plant.GeneratorKW * 1250,
	}, Device: meter("GEN-1")})
	building := inventory.LocationSpec{Location: models.Location{Name: "Tòa nhà 1", Kind: models.Building, Status: models.StatusActive}}
	plant := inventory.LocationSpec{Location: models.Location{Name: "Phòng kỹ thuật", Kind: models.Room, Status: models.StatusActive, WidthM: 16, DepthM: 10, TileM: 0.6}}
	halls := make([]inventory.LocationSpec, len(site.Halls))
	racks := map[string]*inventory.RackSpec{}
	var order [][]string
	for i, h := range site.Halls {
		w, d := site.RoomSize(i)
		halls[i].Location = models.Location{Name: h.Name, Kind: models.Room, Status: models.StatusActive, WidthM: w, DepthM: d, TileM: 0.6}
		for r := range h.Rows {
			halls[i].Rows = append(halls[i].Rows, models.Row{Name: rowName(h.Code, r)})
		}
		order = append(order, nil)
		for _, side := range []models.FeedSide{"A", "B"} {
			s.Panels = append(s.Panels, rackPanel(h.Name, h.Code, meter("UPS-"+h.Code+"-"+string(side)), side, f.Racks(), i))
		}
	}
	for _, r := range f.Racks() {
		h := site.Halls[r.Hall]
		spec := &inventory.RackSpec{Row: rowName(h.Code, r.Row), Rack: models.Rack{
			Name: r.Name, Status: models.StatusActive, PositionInRow: r.Position + 1, XM: ptr(r.XM), YM: ptr(r.YM), RotationDeg: r.RotationDeg,
			WidthMM: 600, DepthMM: 1200, UHeight: 42, StartingUnit: 1, MaxPowerW: 8000, MaxWeightKg: 1200,
		}}
		spec.Devices = servers(r)
		racks[r.Name] = spec
		order[r.Hall] = append(order[r.Hall], r.Name)
	}
	devices := f.Devices()
	stand := 0
	for _, d := range devices {
		spec := simulatedDevice(d, &stand)
		switch {
		case d.Rack != "":
			racks[d.Rack].Devices = append(racks[d.Rack].Devices, spec)
		case d.Hall >= 0:
			halls[d.Hall].Devices = append(halls[d.Hall].Devices, spec)
		default:
			plant.Devices = append(plant.Devices, spec)
		}
	}
	for i := range halls {
		for _, name := range order[i] {
			halls[i].Racks = append(halls[i].Racks, *racks[name])
		}
	}
	building.Locations = append(halls, plant)
	s.Locations = []inventory.LocationSpec{building}
	return inventory.Facility{Sites: []inventory.SiteSpec{s}, DeviceTypes: serverTypes()}
}

// The IT equipment of the demo. It is in the model only: nothing polls it.
const demoMaker = "Generic"

func serverTypes() []inventory.DeviceTypeSpec {
	return []inventory.DeviceTypeSpec{
		{Manufacturer: demoMaker, DeviceType: models.DeviceType{Model: "2U server", Kind: models.KindServer, UHeight: 2, FullDepth: true, WeightKg: 28, RatedPowerW: 800}},
		{Manufacturer: demoMaker, DeviceType: models.DeviceType{Model: "1U switch", Kind: models.KindNetwork, UHeight: 1, WeightKg: 9, RatedPowerW: 250}},
	}
}

// servers fills a rack more or less, the same each time.
func servers(r simulate.RackInfo) []inventory.DeviceSpec {
	var out []inventory.DeviceSpec
	add := func(kind models.Kind, model, name string, u float64, face models.Face) {
		d := inventory.DeviceSpec{Manufacturer: demoMaker, Type: model, Device: models.Device{Name: name, Kind: kind, Status: models.StatusActive}}
		d.PositionU, d.Face = &u, face
		out = append(out, d)
	}
	add(models.KindNetwork, "1U switch", r.Name+"-SW-1", 42, models.Rear)
	for k := range 4 + (r.Position*7+r.Row*3)%9 {
		add(models.KindServer, "2U server", fmt.Sprintf("%s-SRV-%02d", r.Name, k+1), float64(2+3*k), models.Front)
	}
	return out
}

func rowName(code string, row int) string { return fmt.Sprintf("%s-%02d", code, row+1) }

// rackPanel is the distribution of one side of a hall with a breaker and a
// feed for each rack.
func rackPanel(hall, code, ups string, side models.FeedSide, racks []simulate.RackInfo, index int) inventory.PanelSpec {
	p := inventory.PanelSpec{Location: []string{"Tòa nhà 1", hall}, Device: ups, PowerPanel: models.PowerPanel{
		Name: "PDB-" + code + "-" + string(side), Kind: "distribution", Status: models.StatusActive, VoltageV: 400, VoltageKind: models.LineLine, Phases: 3, AmperageA: 1000, Side: side,
	}}
	for _, r := range racks {
		if r.Hall != index {
			continue
		}
		name := r.Name + "-" + string(side)
		p.Breakers = append(p.Breakers, models.Breaker{Name: name, Status: models.StatusActive, Poles: 3, AmperageA: 32, ContinuousFactor: 0.8, FactorReason: "site policy", Curve: "C"})
		p.Feeds = append(p.Feeds, inventory.FeedSpec{Breaker: name, RackLocation: []string{"Tòa nhà 1", hall}, Rack: r.Name, PowerFeed: models.PowerFeed{
			Name: name, Status: models.StatusActive, Side: side, Phases: 3, VoltageV: 400, VoltageKind: models.LineLine, AmperageA: 32, MaxUtilization: 80,
		}})
	}
	return p
}

// simulatedDevice is one device with its place and how it is polled.
func simulatedDevice(d simulate.Info, stand *int) inventory.DeviceSpec {
	spec := inventory.DeviceSpec{Device: models.Device{Name: d.Name, Kind: models.Kind(d.Kind), Status: models.StatusActive}}
	spec.Polling = models.Polling{Enabled: true, Protocol: d.Protocol, Address: d.Address, UnitID: d.Unit}
	spec.Credential = demoCredentials[d.Protocol]
	if spec.Credential == "" {
		spec.Profile = d.Profile // nothing on the wire tells Modbus devices apart
	}
	switch {
	case d.Rack != "":
		spec.Face = models.Rear
		spec.ZeroUSide = map[string]models.Side{"A": models.Left, "B": models.Right}[d.Side]
		if d.Side == "A" { // one set of inlet sensors a rack
			spec.PointRoles = map[string]string{}
			for n := 1; n <= 3; n++ {
				spec.PointRoles[fmt.Sprintf("sensor/%d/temperature", n)] = models.RoleRackInlet
			}
		}
	case d.Hall >= 0:
		spec.XM, spec.YM = ptr(d.XM), ptr(d.YM)
	default:
		spec.XM, spec.YM = ptr(1.5+2.5*float64(*stand%5)), ptr(2+3.5*float64(*stand/5))
		*stand++
	}
	if d.Kind == "cooling" {
		spec.Cooling = &models.CoolingUnit{Kind: "crah", CapacityW: 120000, Group: fmt.Sprintf("hall-%d", d.Hall+1)}
		spec.Loop = "CHW-1"
		spec.PointRoles = map[string]string{"supply-air/temperature": models.RoleSupplyAir, "return-air/temperature": models.RoleReturnAir}
	}
	return spec
}

func ptr[T any](x T) *T { return &x }
