package profile_test

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/configs/profiles"
	"github.com/aisle-dcim/aisle/models"
)

// variantProfile reads one object in several ways.
const variantProfile = `profile: x
kind: pdu
source: X-MIB
match: [{present: [1.3.6.1.4.1.99999.1]}]
defaults: {source: X-MIB}
points:
  - {key: "temperature/{1}", class: temperature, unit: °C, format: text, column: 1.3.6.1.4.1.99999.1.1}
  - {key: "power/{1}", class: power, unit: W, format: text, column: 1.3.6.1.4.1.99999.1.2}
  - {key: "tenths/{1}", class: voltage, unit: V, scale: 0.1, column: 1.3.6.1.4.1.99999.1.3}
  - {key: "plain/{1}", class: current, unit: A, column: 1.3.6.1.4.1.99999.1.4}
  - {key: "load/{1}", class: load, unit: "%", column: 1.3.6.1.4.1.99999.1.5}
  - {key: "deviation/{1}", class: percent, unit: "%", valid: {min: -100}, column: 1.3.6.1.4.1.99999.1.6}
  - {key: "digits/{1}", class: current, unit: A, column: 1.3.6.1.4.1.99999.1.7, select: [{column: 1.3.6.1.4.1.99999.1.8, pow10: -1, otherwise: {skip: true}}]}
  - {key: "size/{1}", class: frequency, unit: Hz, scale: 0.1, column: 1.3.6.1.4.1.99999.1.10, select: [{column: 1.3.6.1.4.1.99999.1.10, texts: [{match: "^[4-7][0-9]$", scale: 10}]}]}
  - {key: "fahrenheit/{1}", class: temperature, unit: °F, format: text, column: 1.3.6.1.4.1.99999.1.11}
  - {key: "volts/{1}", class: voltage, unit: V, format: text, column: 1.3.6.1.4.1.99999.1.12}
  - {key: "amperes/{1}", class: current, unit: A, format: text, column: 1.3.6.1.4.1.99999.1.13}
  - {key: "milliamperes/{1}", class: current, unit: mA, format: text, column: 1.3.6.1.4.1.99999.1.14}
  - {key: "energy/{1}", class: energy, unit: Wh, format: text, column: 1.3.6.1.4.1.99999.1.15}
  - {key: "minutes/{1}", class: runtime, unit: min, format: text, column: 1.3.6.1.4.1.99999.1.16}
  - {key: "tenth-degrees/{1}", class: temperature, unit: °C, scale: 0.1, format: text, invalid: [-999.9, -40], column: 1.3.6.1.4.1.99999.1.17}
  - {key: "millivolts/{1}", class: voltage, unit: V, scale: 0.001, format: text, column: 1.3.6.1.4.1.99999.1.18}
  - {key: "marked/{1}", class: temperature, unit: °C, format: text, invalid: [-999.9, -40], column: 1.3.6.1.4.1.99999.1.19}
  - {key: "state/{1}", class: state, states: {1: {text: "on", severity: ok}}, column: 1.3.6.1.4.1.99999.1.20}
  - {key: "text-state/{1}", class: state, format: text, states: {1: {text: "on", severity: ok}}, column: 1.3.6.1.4.1.99999.1.21}
  - {key: "pressure/{1}", class: pressure, unit: Pa, format: text, column: 1.3.6.1.4.1.99999.1.22}
  - {key: "humidity/{1}", class: humidity, unit: "%", format: text, column: 1.3.6.1.4.1.99999.1.23}
  - {key: "factor/{1}", class: power_factor, format: text, column: 1.3.6.1.4.1.99999.1.24}
  - {key: "distance/{1}", class: distance, unit: m, format: text, column: 1.3.6.1.4.1.99999.1.25}
  - {key: "megawatts/{1}", class: power, unit: MW, format: text, column: 1.3.6.1.4.1.99999.1.26}
  - {key: "exponent/{1}", class: current, unit: A, column: 1.3.6.1.4.1.99999.1.9, select: [{column: 1.3.6.1.4.1.99999.1.8, pow10: -1}]}
`

// TestOtherFirmware: what an agent of another firmware sends in another form
// gives the value or none, never another value.
func TestOtherFirmware(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(variantProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	text := func(s string) profile.Raw { return profile.Raw{Kind: profile.Bytes, Bytes: []byte(s)} }
	number := func(n int64) profile.Raw { return profile.Raw{Kind: profile.Int, Int: n} }
	none := math.NaN()
	columns := map[string]string{
		"temperature": "1", "power": "2", "tenths": "3", "plain": "4", "load": "5", "deviation": "6", "digits": "7", "size": "10", "exponent": "9",
		"fahrenheit": "11", "volts": "12", "amperes": "13", "milliamperes": "14", "energy": "15", "minutes": "16", "tenth-degrees": "17", "millivolts": "18", "marked": "19", "state": "20", "text-state": "21",
		"pressure": "22", "humidity": "23", "factor": "24", "distance": "25", "megawatts": "26",
	}
	for _, c := range []struct {
		key  string
		raw  profile.Raw
		want float64
	}{
		{"temperature", text("23.4 C"), 23.4},
		{"temperature", text("23,4°C"), 23.4},
		{"temperature", text("-4.0 deg C"), -4},
		{"temperature", text("72.5 F"), 22.5},
		{"temperature", text("72.5 °F"), 22.5},
		{"temperature", text("300 K"), 26.85},
		{"temperature", text("2.25e+01"), 22.5},
		{"temperature", text("N/A"), none},
		{"power", text("1.5 kW"), 1500},
		{"power", text("1.5 KW"), 1500},
		{"power", text("1,234.5 W"), 1234.5},
		{"power", text("1.234,5 W"), 1234.5},
		{"power", text("1,234 W"), none}, // or 1.234 W
		{"power", text("1.2.3 W"), none},
		{"power", text("123,456.7 W"), 123456.7},
		{"power", text("1,234,567.8 W"), 1234567.8},
		{"power", text("0,123.4 W"), none},
		{"power", text("1 234,5 W"), none},
		{"power", text("1\xa0234 W"), none}, // a space that does not break, in Latin-1
		{"power", text("1'234.5 W"), none},
		{"power", text("1.5 kw"), 1500},
		{"power", text("1.5 KWatts"), 1500},
		{"power", text("1.5 kVA"), none}, // another quantity
		{"power", text("350 MW"), none},  // of a device that writes capitals alone
		{"power", text("12 W/m2"), none},
		{"power", text("12 V 3 A"), none},
		{"megawatts", text("1.5 MW"), 1.5e6},
		{"megawatts", text("1.5 mW"), none},
		// Lists are no number, but for the first of those that are parted by spaces
		// or strokes and have no other unit.
		{"volts", text("23.5,45"), none},
		{"volts", text("230.1,229"), none},
		{"volts", text("1.5,2"), none},
		{"volts", text("1,0.5"), none},
		{"volts", text("230,231,229.5"), none},
		{"volts", text("230.1,229.8,231.0"), none},
		{"volts", text("230,231,229"), none},
		{"volts", text("230.1, 229.8 V"), 230.1},
		{"volts", text("230.1/229.8"), 230.1},
		{"volts", text("230 231 kV"), none},
		{"volts", text("230-240 V"), none},
		{"volts", text("230.1 VAC"), 230.1},
		{"volts", text("230.1 Vrms"), 230.1},
		{"volts", text("230.1 AC"), 230.1},
		{"volts", text("53.9 Volts DC"), 53.9},
		{"volts", text("-1 kV"), none},
		{"volts", text("230 quux"), none},
		{"volts", text("350 mv"), none}, // or megavolts in small letters
		{"volts", text("−48.5 V"), -48.5},
		{"amperes", text("5 Amps"), 5},
		{"amperes", text("350 mA"), 0.35},
		{"amperes", text("350 MA"), none},
		{"milliamperes", text("350 MA"), 0.35},
		{"milliamperes", text("350 ma"), 0.35},
		{"milliamperes", text("1.5 A"), 1.5},
		{"energy", text("12.3 KWH"), 12300},
		{"energy", text("12.3 MWh"), 12.3e6},
		{"energy", text("12.3 MWH"), none},
		{"energy", text("1,234,567 Wh"), 1234567},
		{"energy", text("-1 kWh"), none},
		{"energy", text("5 kWh per day"), none},
		{"minutes", text("45"), 2700},
		{"minutes", text("2 hours"), 7200},
		{"minutes", text("45 minutes"), 2700},
		{"minutes", text("1 h 30 min"), none},
		{"minutes", text("1:30"), none},
		{"distance", text("2 m"), 2},
		{"distance", text("2 m/s"), none},
		{"pressure", text("1.5 KPA"), 1500},
		{"pressure", text("1.5 inWC"), none},
		{"humidity", text("45.5 %RH"), 45.5},
		{"humidity", text("45.5 RH"), 45.5},
		{"factor", text("0.95 lag"), 0.95},
		{"factor", text("0.95 kW"), none},
		{"temperature", text("72.5 \xb0F"), 22.5},
		{"temperature", text("72.5\xb0F"), 22.5},
		{"temperature", text("72.5 ˚F"), 22.5},
		{"temperature", text("72.5 ºF"), 22.5},
		{"temperature", text("72.5 Fahr"), 22.5},
		{"temperature", text("72.5 &deg;F"), 22.5},
		{"temperature", text("22.5 deg"), 22.5},
		{"temperature", text("22.5C/72.5F"), 22.5},
		{"temperature", text("22.5 (72.5 F)"), none},
		{"temperature", text("22.5 %"), none},
		{"temperature", text("Probe: 22.5 C"), 22.5},
		{"temperature", text("Probe1: 22.5 C"), none},
		{"fahrenheit", text("21.5 \xb0C"), 21.5},
		{"fahrenheit", text("21.5 Centigrade"), 21.5},
		{"fahrenheit", text("50"), 10},
		{"tenth-degrees", text("225"), 22.5},
		{"tenth-degrees", text("225 C"), 22.5},
		{"tenth-degrees", text("22.0 C"), none},
		{"tenth-degrees", text("725 F"), none},
		{"millivolts", text("12600 mV"), 12.6},
		{"millivolts", text("12.6 V"), none},
		{"marked", text("-40 F"), none},
		{"marked", text("-40.0 F"), none},
		{"marked", text("-999.9 F"), none},
		{"marked", text("-999.90"), none},
		{"marked", profile.Raw{Kind: profile.Float, Float: float64(float32(-999.9))}, none},
		{"marked", profile.Raw{Kind: profile.Float, Float: -99.9}, -99.9},
		{"marked", text("-4 F"), -20},
		{"state", text("1"), 1},
		{"state", text("1,0"), none},
		{"text-state", text("1 (on)"), 1},
		{"text-state", text("1,0"), none},
		{"tenths", number(2301), 230.1},
		{"tenths", text("2301"), 230.1},
		{"tenths", text("230.1"), none}, // of the unit, or of its tenth
		{"tenths", profile.Raw{Kind: profile.Float, Float: 230.1}, none},
		{"tenths", profile.Raw{Kind: profile.Float, Float: 2301}, none}, // or 2301 V, which the next value would tell
		{"tenths", profile.Raw{Kind: profile.Float, Float: 230}, none},
		{"tenths", text("230.0"), none},
		{"tenths", text("230,0"), none},
		{"tenths", text("23e2"), none},
		{"tenths", number(-1), none},
		{"tenths", number(-535), -53.5},
		{"plain", text("3,5"), 3.5},
		{"plain", text(" 12 "), 12},
		{"plain", text("3,500"), none},
		{"plain", text("0,500"), 0.5},
		{"plain", text(""), none},
		{"plain", number(-1), -1}, // a battery that is discharged
		{"load", number(-1), none},
		{"deviation", number(-1), -1},
		{"digits", number(35), none},
		{"exponent", number(35), 35},
		{"size", number(499), 49.9},
		{"size", number(50), 50},
		{"size", text("49.98"), 49.98},
		{"size", text("50,0"), 50},
		{"size", profile.Raw{Kind: profile.Float, Float: 49.98}, 49.98},
	} {
		d, err := p.Resolve(columnsOnly{"1.3.6.1.4.1.99999.1." + columns[c.key]: {{Index: []uint32{1}, Raw: c.raw}}})
		got := none
		if err == nil {
			if v, q := d.Points[0].Initial(); q == models.Good {
				got = v
			}
		}
		if math.IsNaN(c.want) != math.IsNaN(got) || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s of %s %d %v: %v, want %v", c.key, c.raw.Bytes, c.raw.Int, c.raw.Float, got, c.want)
		}
	}
}

// TestWrittenUnitEncodes: the simulator writes a value in the unit of the text.
func TestWrittenUnitEncodes(t *testing.T) {
	lib, err := profile.Load(fstest.MapFS{"v/x.yaml": {Data: []byte(variantProfile)}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("x")
	for _, c := range []struct{ like, want string }{
		{"72.5 F", "50.0 F"},
		{"72,5 F", "50,0 F"},
		{"-4 \xb0F", "50 \xb0F"},
		{"22.5", "10.0"},
		{"2.25e+01 C", "1.00e+01 C"},
		{"1,234.5", "10.0"},
		{"0,500 C", "10.000 C"},
		{"Probe: 300.0 K", "Probe: 283.1 K"},
	} {
		like := profile.Raw{Kind: profile.Bytes, Bytes: []byte(c.like)}
		d, err := p.Resolve(columnsOnly{"1.3.6.1.4.1.99999.1.1": {{Index: []uint32{1}, Raw: like}}})
		if err != nil {
			t.Fatal(err)
		}
		got := d.Points[0].Encode(10, like)
		if string(got.Bytes) != c.want {
			t.Errorf("10 °C is written %q where %q stands, want %q", got.Bytes, c.like, c.want)
		}
		if v, q := d.Points[0].Decode([]profile.Raw{got}); q != models.Good || math.Abs(v-10) > 0.051 {
			t.Errorf("10 °C, written %q, is read %v, %v", got.Bytes, v, q)
		}
	}
}

// TestUnitOfItsOwnObject: the name of a sensor of a WebMon Edge tells its unit
// only where the device does not; a unit that nobody knows gives no value.
func TestUnitOfItsOwnObject(t *testing.T) {
	lib, err := profile.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("webmon-edge")
	none := math.NaN()
	for _, c := range []struct {
		name, unit, key string
		want            float64
	}{
		{"Server temp", "°C", "temperature", 23},
		{"Server temp", "\xb0C", "temperature", 23},
		{"Server temp", "DegC", "temperature", 23},
		{"Server temp", "degC", "temperature", 23},
		{"Server temp", "Deg C", "temperature", 23},
		{"Server temp", "Celcius", "temperature", 23},
		{"Server temp", "C", "temperature", 23},
		{"Server temp", "", "temperature", -5},
		{"Server temp", "Fahrenheit", "temperature", -5},
		{"Server temp", "deg. F", "temperature", -5},
		{"Server temp", "mV", "", none},
		{"Server temp", "V/m", "", none},
		{"Server temp", "Rankine", "", none},
		{"Server temp", "%", "percent", 23},
		{"Humidity", "%", "humidity", 23},
		{"Humidity", "", "humidity", 23},
		{"Humidity", "F", "temperature", -5},
		{"Bus", "VDC", "voltage", 23},
		{"Bus", "Volts", "voltage", 23},
		{"Shunt", "Amps", "current", 23},
		{"Shunt", "mA", "", none},
		{"Tank", "%", "percent", 23},
		{"Tank", "", "", none},
	} {
		text := func(s string) []profile.Row {
			return []profile.Row{{Index: []uint32{1}, Raw: profile.Raw{Kind: profile.Bytes, Bytes: []byte(s)}}}
		}
		const slot = "1.3.6.1.4.1.994.3.4.7.18.1."
		d, err := p.Resolve(columnsOnly{
			slot + "3": text(c.name), slot + "46": text(c.unit), slot + "66": text("23.0"), slot + "65": text("Normal"),
		})
		if err != nil {
			t.Fatal(err)
		}
		key, got := "", none
		for i := range d.Points {
			if v, q := d.Points[i].Initial(); d.Points[i].Spec.Class != "state" && q == models.Good {
				key, got = strings.TrimPrefix(d.Points[i].Spec.Key, "sensor/1/"), v
			}
		}
		if key != c.key || math.IsNaN(got) != math.IsNaN(c.want) || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%q in %q is %s %v, want %s %v", c.name, c.unit, key, got, c.key, c.want)
		}
	}
}
