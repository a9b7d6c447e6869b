package simulate

import (
	"errors"
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes the default facility at a fixed time; nothing listens.
func build(t testing.TB) *Facility {
	t.Helper()
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	site, err := DefaultSite()
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Options{Site: site, Profiles: lib, Recordings: profiles.FS, Start: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestEnergyBalance: what utility, generator and batteries give is what
// servers, losses and the mechanical plant take.
func TestEnergyBalance(t *testing.T) {
	f := build(t)
	check := func(when string) {
		t.Helper()
		p := &f.world.plant
		given := p.totalW + p.batteryW
		taken := p.itW + p.lineLossW + p.upsLossW + p.mechW
		if math.Abs(given-taken) > 1e-6*taken {
			t.Errorf("%s: given %.1f W, taken %.1f W", when, given, taken)
		}
		for i := range f.world.racks {
			r := &f.world.racks[i]
			for s := range r.pdu {
				sum := 0.0
				for _, w := range r.pdu[s].outletW {
					sum += w
				}
				phases := r.pdu[s].phaseW[0] + r.pdu[s].phaseW[1] + r.pdu[s].phaseW[2]
				counted := 0.0
				for _, wh := range r.pdu[s].outletWh {
					counted += wh
				}
				if math.Abs(counted-r.pdu[s].wh) > 1e-9*counted {
					t.Fatalf("%s: the outlets counted %.0f Wh, the inlet %.0f Wh", r.name, counted, r.pdu[s].wh)
				}
				if math.Abs(sum-r.pdu[s].powerW) > 1e-6 || math.Abs(phases-sum) > 1e-6 {
					t.Fatalf("%s: outlets %v, phases %v, inlet %v", r.name, sum, phases, r.pdu[s].powerW)
				}
			}
			if !r.lost && !anyTripped(r) && math.Abs(r.itW-r.pdu[0].powerW-r.pdu[1].powerW) > 1e-6 {
				t.Fatalf("%s: wants %v W, draws %v", r.name, r.itW, r.pdu[0].powerW+r.pdu[1].powerW)
			}
		}
	}
	check("normal")
	f.inject(UtilityLoss, "A")
	f.Step(5 * time.Second)
	check("feed A lost")
	f.inject(UtilityLoss, "B")
	f.Step(30 * time.Second)
	check("on the generator")
	if f.world.plant.itW < 100e3 || f.world.plant.totalW < f.world.plant.itW {
		t.Errorf("IT %.0f W, facility %.0f W: the test would prove nothing", f.world.plant.itW, f.world.plant.totalW)
	}
}

func anyTripped(r *rackState) bool {
	for s := range r.pdu {
		for _, x := range r.pdu[s].tripped {
			if x {
				return true
			}
		}
	}
	return false
}

func TestUtilityLoss(t *testing.T) {
	f := build(t)
	u := &f.world.ups[0]
	if u.onBattery || u.charge != 1 {
		t.Fatalf("before: %+v", *u)
	}
	if _, err := f.Inject(UtilityLoss, "both"); err != nil {
		t.Fatal(err)
	}
	f.Step(6 * time.Second)
	if !u.onBattery || u.charge >= 1 || u.inW != 0 {
		t.Errorf("after 6 s: on battery %v, charge %v, input %v W", u.onBattery, u.charge, u.inW)
	}
	f.Step(10 * time.Second)
	if !f.world.plant.generator.onLoad || u.onBattery || u.inW < u.outW {
		t.Errorf("after 16 s: generator on load %v, UPS on battery %v", f.world.plant.generator.onLoad, u.onBattery)
	}
	fuel := f.world.plant.generator.fuelL
	f.Step(10 * time.Minute)
	if f.world.plant.generator.fuelL >= fuel {
		t.Error("the generator burns no fuel")
	}
	if err := f.Clear(UtilityLoss + ":both"); err != nil {
		t.Fatal(err)
	}
	f.Step(90 * time.Second)
	if f.world.plant.generator.onLoad {
		t.Error("the transfer switch did not go back")
	}
	f.Step(5 * time.Minute)
	if f.world.plant.generator.running {
		t.Error("the generator did not stop")
	}
	if err := f.Clear(UtilityLoss + ":both"); !errors.Is(err, ErrNoFault) {
		t.Errorf("cleared twice: %v", err)
	}
}

func TestBatteryRunsEmpty(t *testing.T) {
	f := build(t)
	f.world.plant.generator.fuelL = 0
	f.inject(UtilityLoss, "both")
	u := &f.world.ups[0]
	f.Step(2 * time.Second)
	says := f.world.runtime(u)
	spent := 2 * time.Second
	for !u.dead && spent < 3*time.Hour {
		f.Step(10 * time.Second)
		spent += 10 * time.Second
	}
	if !u.dead {
		t.Fatal("the battery never runs empty")
	}
	if r := spent.Seconds() / says.Seconds(); r < 0.8 || r > 1.25 {
		t.Errorf("said %s, lasted %s", says, spent)
	}
	for i := range f.world.racks {
		if r := &f.world.racks[i]; r.hall == 0 && r.pdu[0].powerW != 0 {
			t.Fatalf("%s draws %v W from a dead UPS", r.name, r.pdu[0].powerW)
		}
	}
}

func TestCoolingFailureHeatsItsRacks(t *testing.T) {
	f := build(t)
	before := hottest(f, 0)
	near := f.world.racks[0].inletC[2]
	if _, err := f.Inject(CRAHFailure, "CRAH-A-01"); err != nil {
		t.Fatal(err)
	}
	f.Step(8 * time.Minute)
	if rise := f.world.racks[0].inletC[2] - near; rise < 2 {
		t.Errorf("the rack before the failed unit is %.1f K warmer, want more than 2 K", rise)
	}
	if rise := hottest(f, 1) - before; rise > 3 {
		t.Errorf("the other hall is %.1f K warmer", rise)
	}
	if err := f.Clear(CRAHFailure + ":CRAH-A-01"); err != nil {
		t.Fatal(err)
	}
	f.Step(30 * time.Minute)
	if rest := f.world.racks[0].inletC[2] - near; rest > 1.5 {
		t.Errorf("still %.1f K warmer half an hour after the repair", rest)
	}
}

func hottest(f *Facility, hall int) float64 {
	most := 0.0
	for i := range f.world.racks {
		if r := &f.world.racks[i]; r.hall == hall {
			most = math.Max(most, r.inletC[2])
		}
	}
	return most
}

func TestSameSeedSameHall(t *testing.T) {
	a, b := build(t), build(t)
	a.Step(time.Minute)
	b.Step(time.Minute)
	for i := range a.world.racks {
		if a.world.racks[i].itW != b.world.racks[i].itW {
			t.Fatalf("rack %d: %v W and %v W", i, a.world.racks[i].itW, b.world.racks[i].itW)
		}
	}
}

func TestFaultsNeedATarget(t *testing.T) {
	f := build(t)
	for _, bad := range [][2]string{{"earthquake", "A"}, {CRAHFailure, "CRAH-Z-99"}, {UtilityLoss, ""}} {
		if _, err := f.Inject(bad[0], bad[1]); !errors.Is(err, ErrTarget) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if n := len(f.Faults()); n != 0 {
		t.Errorf("%d faults are active", n)
	}
}

func TestSiteFileFaults(t *testing.T) {
	for _, bad := range []string{"", "site: X\nhalls: []\n", "site: X\nsuite: 1\n", "site: X\nhalls: [{name: A, code: A, rows: 0}]\n"} {
		if _, err := ParseSite([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	f := build(b)
	for b.Loop() {
		f.Step(time.Second)
	}
}
