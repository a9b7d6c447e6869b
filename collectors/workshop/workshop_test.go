package workshop

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models/quantity"
)

func TestJudge(t *testing.T) {
	good := []Value{
		{"input/frequency", quantity.Frequency, 50.1},
		{"input/voltage", quantity.Voltage, 231},
		{"input/current", quantity.Current, 10},
		{"input/apparent-power", quantity.ApparentPower, 2310},
		{"input/power", quantity.Power, 2200},
		{"output/L1/power", quantity.Power, 1000},
		{"output/L2/power", quantity.Power, 1100},
		{"output/L3/power", quantity.Power, 900},
		{"output/power", quantity.Power, 3010},
		{"battery/charge", quantity.Charge, 100},
		{"sensor/1/temperature", quantity.Temperature, 24.5},
		{"compressor/1/frequency", quantity.Frequency, 90},
		{"battery/voltage", quantity.Voltage, 432},
	}
	if got := Judge(good); len(got) != 0 {
		t.Errorf("plausible readings are doubted: %+v", got)
	}
	for _, x := range []struct {
		rule           Rule
		expect, factor float64
		values         []Value
	}{
		{RuleFrequency, 50, 0.1, []Value{{"input/frequency", quantity.Frequency, 500}}},
		{RuleFrequency, 50, 10, []Value{{"input/frequency", quantity.Frequency, 5}}},
		{RulePercent, 98, 0.1, []Value{{"battery/charge", quantity.Charge, 980}}},
		{RuleFactor, 230, 0.1, []Value{{"input/L1/voltage", quantity.Voltage, 2300}}},
		{RuleFahrenheit, 25, 0, []Value{{"sensor/1/temperature", quantity.Temperature, 77}}},
		{RuleFactor, 24.5, 0.1, []Value{{"sensor/1/temperature", quantity.Temperature, 245}}},
		{RuleActive, 2200, 0.1, []Value{{"input/power", quantity.Power, 22000}, {"input/apparent-power", quantity.ApparentPower, 2300}}},
		{RuleApparent, 2310, 0.1, []Value{{"input/apparent-power", quantity.ApparentPower, 23100}, {"input/voltage", quantity.Voltage, 231}, {"input/current", quantity.Current, 10}}},
		{RuleSum, 3000, 0.1, []Value{{"output/power", quantity.Power, 30000}, {"output/L1/power", quantity.Power, 1000}, {"output/L2/power", quantity.Power, 1100}, {"output/L3/power", quantity.Power, 900}}},
		{RuleSum, 3000, 0, []Value{{"output/power", quantity.Power, 1000}, {"output/L1/power", quantity.Power, 1000}, {"output/L2/power", quantity.Power, 1100}, {"output/L3/power", quantity.Power, 900}}},
	} {
		got := Judge(x.values)
		if len(got) != 1 || got[0].Rule != x.rule || got[0].Expected == nil || !near(*got[0].Expected, x.expect, 1e-9, 1e-9) || got[0].Factor != x.factor || got[0].Keys[0] != x.values[0].Key {
			t.Errorf("%+v: %+v, want %s %v ×%v", x.values, got, x.rule, x.expect, x.factor)
		}
	}
}

// TestNoPowerBesideVoltageAndCurrent: where both are there, 0 W is doubtful
// unless the power factor is 0 too.
func TestNoPowerBesideVoltageAndCurrent(t *testing.T) {
	phase := func(watts, volts, amperes float64) []Value {
		return []Value{{"input/L1/power", quantity.Power, watts}, {"input/L1/voltage", quantity.Voltage, volts}, {"input/L1/current", quantity.Current, amperes}}
	}
	total := append(phase(230, 230, 4), Value{"input/power", quantity.Power, 0})
	for _, x := range []struct {
		name   string
		values []Value
		keys   []string
	}{
		{"a phase", phase(0, 230, 4), []string{"input/L1/power", "input/L1/voltage", "input/L1/current"}},
		{"a total beside its phase", total, []string{"input/power", "input/L1/voltage", "input/L1/current"}},
		{"with a power factor", append(phase(0, 230, 4), Value{"input/L1/power-factor", quantity.PowerFactor, 0.9}), []string{"input/L1/power", "input/L1/voltage", "input/L1/current"}},
		{"a reactive load", append(phase(0, 230, 4), Value{"input/L1/power-factor", quantity.PowerFactor, 0}), nil},
		{"no load", phase(0, 230, 0), nil},
		{"hardly a load", phase(0, 230, 0.2), nil},
		{"no voltage", phase(0, 0, 4), nil},
		{"power", phase(920, 230, 4), nil},
	} {
		got := Judge(x.values)
		switch {
		case x.keys == nil && len(got) > 0:
			t.Errorf("%s: %+v", x.name, got)
		case x.keys != nil && (len(got) != 1 || got[0].Rule != RuleNoPower || !slices.Equal(got[0].Keys, x.keys) || !strings.Contains(got[0].String(), "although "+x.keys[1])):
			t.Errorf("%s: %+v, want a doubt about %v", x.name, got, x.keys)
		}
	}
}

// TestPowerBesideVoltageCurrentAndLoad: active power is at most voltage times
// current, and no small part of it; the load of a known rating tells as much.
func TestPowerBesideVoltageCurrentAndLoad(t *testing.T) {
	at := func(component string, values map[string]float64) []Value {
		classes := map[string]quantity.Class{
			"voltage": quantity.Voltage, "current": quantity.Current, "power": quantity.Power, "load": quantity.Load, "power-factor": quantity.PowerFactor,
			"reactive-power": quantity.ReactivePower, "apparent-power": quantity.ApparentPower, "rated-power": quantity.Power, "rated-apparent-power": quantity.ApparentPower,
		}
		var out []Value
		for name, v := range values {
			out = append(out, Value{component + name, classes[name], v})
		}
		return out
	}
	type m = map[string]float64
	three := func(watts float64) []Value {
		out := at("input/", m{"power": watts})
		for _, phase := range []string{"L1/", "L2/", "L3/"} {
			out = append(out, at("input/"+phase, m{"voltage": 230.1, "current": 10.05})...)
		}
		return out
	}
	for _, x := range []struct {
		name   string
		values []Value
		rule   Rule
		factor float64
	}{
		{"kilowatts shown as watts", at("output/L1/", m{"voltage": 230, "current": 7.2, "load": 27, "power": 1}), RuleNoPower, 1000},
		{"a tenth of the power", at("output/L1/", m{"voltage": 230, "current": 7.2, "power": 150}), RuleNoPower, 10},
		{"a poor power factor", at("output/L1/", m{"voltage": 230, "current": 7.2, "power": 250}), "", 0},
		{"a power supply that stands by", at("outlet/1/", m{"voltage": 230, "current": 0.31, "power": 4}), "", 0},
		{"capacitors, by the power factor", at("input/L1/", m{"voltage": 230, "current": 7.2, "power": 60, "power-factor": 0.04}), "", 0},
		{"capacitors, by the reactive power", at("input/L1/", m{"voltage": 230, "current": 7.2, "power": 60, "reactive-power": -1640}), "", 0},
		{"a small power factor that is not the device's", at("input/L1/", m{"voltage": 230, "current": 7.2, "power": 60, "power-factor": 0.9}), RuleNoPower, 10},
		{"more than voltage times current", at("input/L1/", m{"voltage": 230.9, "current": 25.94, "power": 10690}), RuleActive, 0},
		{"ten times too much", at("input/L1/", m{"voltage": 230.9, "current": 25.94, "power": 59000}), RuleActive, 0.1},
		{"exactly voltage times current", at("input/L1/", m{"voltage": 230.9, "current": 25.94, "power": 5990}), "", 0},
		{"a current in whole amperes", at("outlet/1/", m{"voltage": 230, "current": 1, "power": 440}), "", 0},
		{"power in whole kilowatts", at("output/L1/", m{"voltage": 230, "current": 2.7, "power": 1000}), "", 0},
		{"the mean of three phases", at("output/", m{"voltage": 230, "current": 10.05, "power": 6900}), "", 0},
		{"more than three phases have", at("output/", m{"voltage": 230, "current": 10.05, "power": 15000}), RuleActive, 0},
		{"all phases", three(6800), "", 0},
		{"more than all phases", three(12000), RuleActive, 0},
		{"far less than all phases", three(68), RuleNoPower, 100},
		{"export", at("input/L1/", m{"voltage": 230, "current": -10.1, "power": -2300}), "", 0},
		{"load and no power", at("output/L1/", m{"voltage": 115, "current": 0, "load": 17, "power": 0}), RuleNoPower, 0},
		{"a small converter", at("output/", m{"load": 27, "power": 13}), "", 0},
		{"load of a rating", at("output/", m{"load": 40, "rated-power": 10000, "power": 4100}), "", 0},
		{"load by apparent power", at("output/", m{"load": 40, "rated-apparent-power": 10000, "power": 2800}), "", 0},
		{"far less than the load", at("output/", m{"load": 40, "rated-power": 10000, "power": 41}), RuleRating, 100},
		{"far more than the load", at("output/", m{"load": 40, "rated-apparent-power": 10000, "power": 40000}), RuleRating, 0.1},
		{"a phase of a rating", append(at("output/L1/", m{"load": 40, "power": 4000}), append(at("output/L3/", m{"load": 0}), at("output/", m{"rated-power": 30000})...)...), "", 0},
		{"too much for a phase", append(at("output/L1/", m{"load": 40, "power": 12000}), append(at("output/L3/", m{"load": 0}), at("output/", m{"rated-power": 30000})...)...), RuleRating, 0},
	} {
		got := Judge(x.values)
		switch {
		case x.rule == "" && len(got) > 0:
			t.Errorf("%s: %+v", x.name, got)
		case x.rule != "" && (len(got) != 1 || got[0].Rule != x.rule || got[0].Factor != x.factor):
			t.Errorf("%s: %+v, want %s ×%v", x.name, got, x.rule, x.factor)
		}
	}
}

// TestSumsOfPhases: every quantity that adds up is compared with its phases.
func TestSumsOfPhases(t *testing.T) {
	of := func(name string, class quantity.Class, total, l1, l2, l3 float64) []Value {
		return []Value{{"input/" + name, class, total}, {"input/L1/" + name, class, l1}, {"input/L2/" + name, class, l2}, {"input/L3/" + name, class, l3}}
	}
	for name, class := range map[string]quantity.Class{
		"power": quantity.Power, "reactive-power": quantity.ReactivePower, "apparent-power": quantity.ApparentPower,
		"energy": quantity.Energy, "export-energy": quantity.Energy, "reactive-energy": quantity.ReactiveEnergy,
		"export-reactive-energy": quantity.ReactiveEnergy, "apparent-energy": quantity.ApparentEnergy,
	} {
		if got := Judge(of(name, class, 6010, 1000, 2000, 3000)); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if got := Judge(of(name, class, 60100, 1000, 2000, 3000)); len(got) != 1 || got[0].Rule != RuleSum || got[0].Factor != 0.1 || len(got[0].Keys) != 4 {
			t.Errorf("%s: %+v, want a doubt about the sum", name, got)
		}
	}
	for name, values := range map[string][]Value{
		"phases that cancel each other": of("reactive-power", quantity.ReactivePower, 20, 5000, -4000, -1010),
		"a meter that adds the phases before it counts": append(
			of("energy", quantity.Energy, 4000, 5000, 2000, 0), of("export-energy", quantity.Energy, 0, 0, 0, 3000)...),
		"unlike power factors": append(append(
			of("apparent-power", quantity.ApparentPower, 3000, 1000, 1414, 1414), of("power", quantity.Power, 3000, 1000, 1000, 1000)...),
			of("reactive-power", quantity.ReactivePower, 0, 0, 1000, -1000)...),
	} {
		if got := Judge(values); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := Judge(append(of("energy", quantity.Energy, 400, 5000, 2000, 0), of("export-energy", quantity.Energy, 0, 0, 0, 3000)...)); len(got) != 2 {
		t.Errorf("%+v, want a doubt about both directions", got)
	}
}

const twoWords = `
profile: two-words
title: Meter with two words
kind: meter
protocol: modbus
synthetic: true
source: manual
defaults: {table: holding, source: manual}
points:
  - {key: input/voltage, class: voltage, unit: V, register: 0, type: f32}
  - {key: input/current, class: current, unit: A, register: 2, type: f32}
`

func TestSwappedWordsAreSeen(t *testing.T) {
	p, faults := profile.Parse("two-words.yaml", []byte(twoWords))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	// 230.5 V is 43668000: it stands with its low word first.
	rec, err := profile.ReadModbusRecording(strings.NewReader("holding|0|8000 4366\nholding|2|4120 0000\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.ResolveModbus(rec)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := Inspect(d)
	if len(got) != 1 || got[0].Rule != RuleWordOrder || got[0].Keys[0] != "input/voltage" || got[0].Expected == nil || *got[0].Expected != 230.5 {
		t.Errorf("%+v", got)
	}
}

func TestStrip(t *testing.T) {
	const in = `1.3.6.1.2.1.1.1.0|4|Card v3 SN 5A1234E00017, admin@ministry.gov.vn
1.3.6.1.2.1.1.4.0|4|Nguyen Van A
1.3.6.1.2.1.1.5.0|4|pdu-hall1-a
1.3.6.1.2.1.1.6.0|4|Hall 1
1.3.6.1.2.1.2.2.1.6.2|4x|00c0b7aabbcc
1.3.6.1.2.1.4.20.1.1.10.1.2.3|64x|0a010203
1.3.6.1.4.1.318.1.1.1|2|17
1.3.6.1.4.1.318.1.1.2|4|5a1234e00017
1.3.6.1.4.1.318.1.1.3|4|PDU-HALL1-A outlet 3
1.3.6.1.4.1.318.1.1.4|4|00:C0:B7:AA:BB:CC
1.3.6.1.4.1.318.1.1.5|64x|0a010203
1.3.6.1.4.1.318.1.1.6|64x|ffffff00
1.3.6.1.4.1.318.1.1.7|4|trap to 10.1.2.3 with s3cret!
1.3.6.1.4.1.318.1.1.8|4x|ff00fe
1.3.6.1.4.1.318.1.1.9|68x|9f780441b80000
1.3.6.1.4.1.318.1.1.10|70|18446744073709551615
1.3.6.1.6.3.18.1.1.1.2.1|4|s3cret!
`
	rec, err := profile.ReadRecording(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	s := NewStripper(map[string]string{"serial": "5A1234E00017"}, "s3cret!")
	var b bytes.Buffer
	if err := s.SNMP(rec).Write(&b); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, gone := range []string{"5A1234", "5a1234", "ministry", "Nguyen", "hall1", "HALL1", "Hall 1", "c0b7aa", "C0:B7", "0a010203", "10.1.2.3", "s3cret", "1.3.6.1.6.3.18", "1.3.6.1.2.1.4"} {
		if strings.Contains(out, gone) {
			t.Errorf("%q is still there", gone)
		}
	}
	for _, kept := range []string{
		"1.3.6.1.4.1.318.1.1.1|2|17\n", "|64x|ffffff00\n", "|4x|ff00fe\n", "|68x|9f780441b80000\n", "|70|18446744073709551615\n", "|64x|c0000201\n",
		"trap to 192.0.2.1 with ", " outlet 3\n", "|4x|02005e005301\n", "02:00:5e:00:53:01",
	} {
		if !strings.Contains(out, kept) {
			t.Errorf("%q is lost:\n%s", kept, out)
		}
	}
	if dropped, changed := s.Done(); dropped != 2 || changed != 10 {
		t.Errorf("%d objects left out, %d changed", dropped, changed)
	}
	if again, err := profile.ReadRecording(strings.NewReader(out)); err != nil || len(again.Objects) != len(rec.Objects)-2 {
		t.Errorf("what was written is not read again: %v", err)
	}
}

// A serial number in a text goes with its name, also one that no object tells.
func TestSerialNumbersInTexts(t *testing.T) {
	s := NewStripper(nil)
	for in, want := range map[string]string{
		"MN:CARD1 HR:08 SN: ZZ0012T00345 MD:07/03/2012":       "MN:CARD1 HR:08 SN: SERIALXXXXXX MD:07/03/2012",
		"Serial No. 123-456-789, S/N:AB12":                    "Serial No. SERIALXXXXX, S/N:SERIAL",
		"serial number = zz0099":                              "serial number = SERIAL",
		"Serial#77120045":                                     "Serial#SERIALXX",
		"the serial number is unknown, serial number unknown": "the serial number is unknown, serial number unknown",
		"SNMP agent: v2, serial port: COM1, snow: deep":       "SNMP agent: v2, serial port: COM1, snow: deep",
	} {
		if got := s.Text(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

const powerMIB = `
EXAMPLE-PDU-MIB DEFINITIONS ::= BEGIN
IMPORTS MODULE-IDENTITY, OBJECT-TYPE, enterprises, Integer32, Unsigned32 FROM SNMPv2-SMI
        DisplayString FROM SNMPv2-TC;
example MODULE-IDENTITY LAST-UPDATED "202601010000Z" ORGANIZATION "Example" CONTACT-INFO "x" DESCRIPTION "x" ::= { enterprises 99999 }
exInputVoltage OBJECT-TYPE SYNTAX Unsigned32 MAX-ACCESS read-only STATUS current
    DESCRIPTION "Voltage of the inlet in tenths of volts." ::= { exPdu 1 }
exPdu OBJECT IDENTIFIER ::= { example 4 }
exModel OBJECT-TYPE SYNTAX DisplayString MAX-ACCESS read-only STATUS current DESCRIPTION "Model." ::= { exPdu 2 }
exSetting OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-write STATUS current DESCRIPTION "Something." ::= { exPdu 3 }
exOutletTable OBJECT-TYPE SYNTAX SEQUENCE OF ExOutletEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "x" ::= { exPdu 5 }
exOutletEntry OBJECT-TYPE SYNTAX ExOutletEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "x" INDEX { exOutletIndex } ::= { exOutletTable 1 }
ExOutletEntry ::= SEQUENCE { exOutletIndex Integer32, exOutletCurrent Unsigned32, exOutletState INTEGER }
exOutletIndex OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current DESCRIPTION "x" ::= { exOutletEntry 1 }
exOutletCurrent OBJECT-TYPE SYNTAX Unsigned32 UNITS "0.01 Amps" MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exOutletEntry 2 }
exOutletState OBJECT-TYPE SYNTAX INTEGER { off(1), on(2), overloadFault(3) } MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exOutletEntry 3 }
END
`

func TestDraftFromMIB(t *testing.T) {
	file := filepath.Join(t.TempDir(), "EXAMPLE-PDU-MIB")
	if err := os.WriteFile(file, []byte(powerMIB), 0o600); err != nil {
		t.Fatal(err)
	}
	data, err := FromMIB("example", file)
	if err != nil {
		t.Fatal(err)
	}
	p, faults := profile.Parse("example.yaml", data)
	if len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, data)
	}
	rec, err := profile.ReadRecording(strings.NewReader(`1.3.6.1.4.1.99999.4.1.0|66|2305
1.3.6.1.4.1.99999.4.5.1.2.7|66|150
1.3.6.1.4.1.99999.4.5.1.3.7|2|3
`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range d.Readings() {
		got = append(got, r.Key+" "+profile.Raw{Kind: profile.Float, Float: *r.Value}.String()+" "+r.Unit+r.State+r.Severity)
	}
	want := []string{"ex-input/voltage 230.5 V", "ex-outlet/{}/current 1.5 A", "ex-outlet/{}/state 3 overload faultcritical"}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "{}", "7")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q\n%s", got, want, data)
	}
	if !strings.Contains(string(data), "exSetting: no quantity") {
		t.Errorf("what was left out is not told:\n%s", data)
	}
	for _, bad := range []string{"", "nonsense", "X DEFINITIONS ::= BEGIN END"} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := FromMIB("example", file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestDraftTellsTimes: objects whose UNITS or type is a time are in the draft,
// moments are not.
func TestDraftTellsTimes(t *testing.T) {
	const times = `
EXAMPLE-UPS-MIB DEFINITIONS ::= BEGIN
IMPORTS MODULE-IDENTITY, OBJECT-TYPE, enterprises, Integer32, TimeTicks FROM SNMPv2-SMI
        TimeInterval, TimeStamp FROM SNMPv2-TC;
exUps MODULE-IDENTITY LAST-UPDATED "202601010000Z" ORGANIZATION "Example" CONTACT-INFO "x" DESCRIPTION "x" ::= { enterprises 99998 }
exSecondsOnBattery OBJECT-TYPE SYNTAX Integer32 UNITS "seconds" MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exUps 1 }
exTestElapsed OBJECT-TYPE SYNTAX TimeInterval MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exUps 2 }
exRuntimeRemaining OBJECT-TYPE SYNTAX TimeTicks MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exUps 3 }
exAlarmTime OBJECT-TYPE SYNTAX TimeStamp MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exUps 4 }
exLastTransfer OBJECT-TYPE SYNTAX TimeTicks MAX-ACCESS read-only STATUS current DESCRIPTION "x" ::= { exUps 5 }
END
`
	file := filepath.Join(t.TempDir(), "EXAMPLE-UPS-MIB")
	if err := os.WriteFile(file, []byte(times), 0o600); err != nil {
		t.Fatal(err)
	}
	data, err := FromMIB("example", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"source: exSecondsOnBattery, class: duration, unit: s}\n",
		"source: exTestElapsed, class: duration, unit: s, scale: 0.01}\n",
		"source: exRuntimeRemaining, class: runtime, unit: s, scale: 0.01}\n",
		"#   exAlarmTime: ",
		"#   exLastTransfer: ",
	} {
		if !strings.Contains(string(data), line) {
			t.Errorf("no %q in\n%s", line, data)
		}
	}
}

// TestDraftFromVietnameseCSV: names in Vietnamese give the keys and quantities
// that their English words give.
func TestDraftFromVietnameseCSV(t *testing.T) {
	const table = "Địa chỉ,Tên,Kiểu,Đơn vị,Hệ số,Table,States\n" +
		"0,Điện áp pha L1,u16,V,\"0,1\",,\n" +
		"1,Dòng điện,u16,,,,\n" +
		"2,CÔNG SUẤT_tổng,u16,,,,\n" +
		"3,Công suất phản kháng,i16,,,,\n" +
		"4,Năng lượng,u16,,,,\n" +
		"5,Tần số,u16,,,,\n" +
		"6,Nhiệt  độ phòng đặt máy,i16,,,,\n" + // marks apart from their letters
		"7,Độ ẩm,u16,,,,\n" +
		"8,Hệ số công suất,i16,,0.001,,\n" +
		"9,Máy chạy,u16,giờ,,,\n" +
		"10,Quạt,u16,,,,0=tắt;1=đang chạy\n" +
		"11,Báo cháy,,,,2,\n"
	data, err := FromCSV("meter", "meter.csv", strings.NewReader(norm.NFC.String(table[:40])+norm.NFD.String(table[40:])))
	if err != nil {
		t.Fatal(err)
	}
	if _, faults := profile.Parse("meter.yaml", data); len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, data)
	}
	for _, want := range []string{
		"{key: phase/L1/voltage, register: 0, table: holding, type: u16, class: voltage,", "unit: V, scale: 0.1}\n",
		"{key: current, register: 1,", "{key: total/power, register: 2,", "{key: reactive-power, register: 3,", "{key: energy, register: 4,",
		"{key: frequency, register: 5,", "{key: phong-dat-may/temperature, register: 6,", "{key: humidity, register: 7,", "{key: power-factor, register: 8,",
		"{key: may-chay/duration, register: 9,", "unit: h}", "{key: quat/state, register: 10,", "{text: tắt, ", "{text: đang chạy, ", "{key: bao-chay/alarm, register: 11, table: discrete", "{text: Báo cháy, ",
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %q in\n%s", want, data)
		}
	}
}

// TestDraftRemarksOnRegisters: what a table of registers leaves open is told.
func TestDraftRemarksOnRegisters(t *testing.T) {
	const converted = "# check: addresses are taken as Modicon numbers"
	for _, x := range []struct {
		name, table string
		has, lacks  []string
	}{
		{
			"all are Modicon numbers", "address,name,unit\n40001,Voltage,V\n30011,Current,A\n",
			[]string{converted + ", for all of them look like such: 40001 is register 0 of table holding\n", "register: 10, table: input"},
			[]string{"looks like"},
		},
		{
			"one of several", "address,name,unit\n40001,Voltage,V\n12,Current,A\n",
			[]string{"register: 40001, table: holding", "# check: 40001 looks like the Modicon number of register 0 of table holding, and is taken as it is\n"},
			[]string{converted},
		},
		{
			"a table that is another one", "address,name,unit,table\n40001,Voltage,V,input\n",
			[]string{"register: 40001, table: input", "# check: 40001 looks like"},
			[]string{converted},
		},
		{"a table that is that one", "address,name,unit,table\n30001,Voltage,V,input\n", []string{converted, "register: 0, table: input"}, []string{"looks like"}},
		{"none", "address,name,unit\n40000,Voltage,V\n20001,Current,A\n", []string{"register: 40000", "register: 20001"}, []string{converted, "check: ", "looks like"}},
		{
			"two registers", "address,name,unit,type\n0,Voltage,V,float\n2,Current,A,u16\n",
			[]string{"type: f32, class: voltage, source: Voltage, unit: V} # check: word order is not told", "unit: A}\n"},
			[]string{"word_order"},
		},
		{
			"two registers with their order", "address,name,unit,type,Word order\n0,Voltage,V,float,CDAB\n2,Current,A,u32,big\n",
			[]string{"type: f32, word_order: little, ", "type: u32, word_order: big, "},
			[]string{"check: "},
		},
	} {
		data, err := FromCSV("m", "m.csv", strings.NewReader(x.table))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		if _, faults := profile.Parse("m.yaml", data); len(faults) > 0 {
			t.Errorf("%s: %v", x.name, faults)
		}
		for _, want := range x.has {
			if !strings.Contains(string(data), want) {
				t.Errorf("%s: no %q in\n%s", x.name, want, data)
			}
		}
		for _, not := range x.lacks {
			if strings.Contains(string(data), not) {
				t.Errorf("%s: %q in\n%s", x.name, not, data)
			}
		}
	}
	if _, err := FromCSV("m", "m.csv", strings.NewReader("address,name,word order\n1,Voltage,mixed\n")); err == nil || !strings.Contains(err.Error(), `"mixed"`) {
		t.Errorf("a word order that is none: %v", err)
	}
}

func TestDraftFromCSV(t *testing.T) {
	const table = "Address,Name,Type,Unit,Scale,Function,States\n" +
		"0,Voltage L1,float,V,,4,\n" +
		"0x10,Current L1,uint16,A,\"0,01\",3,\n" +
		"18,Total active energy,UINT32,kWh,0.1,3,\n" +
		"20,Breaker,u16,,,3,0=open;1=closed;2=fault\n" +
		"5,Leak alarm,,,,2,\n" +
		"30,Firmware code,u16,,,3,\n"
	data, err := FromCSV("meter", "meter.csv", strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	p, faults := profile.Parse("meter.yaml", data)
	if len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, data)
	}
	rec, err := profile.ReadModbusRecording(strings.NewReader("input|0|4366 8000\nholding|16|0096\nholding|18|0000 2710 0002\ndiscrete|5|1\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.ResolveModbus(rec)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, r := range d.Readings() {
		got[r.Class+" "+r.Unit] += *r.Value
	}
	for k, v := range map[string]float64{"voltage V": 230.5, "current A": 1.5, "energy Wh": 1e6, "state ": 2, "alarm ": 1} {
		if !near(got[k], v, 1e-9, 0) {
			t.Errorf("%s is %v, want %v\n%s", k, got[k], v, data)
		}
	}
	modicon, err := FromCSV("m", "m.csv", strings.NewReader("register,description,unit\n40001,Voltage,V\n30011,Current,A\n"))
	if err != nil || !strings.Contains(string(modicon), "register: 0, table: holding") || !strings.Contains(string(modicon), "register: 10, table: input") {
		t.Errorf("%v\n%s", err, modicon)
	}
	for in, says := range map[string]string{
		"":                                    "column names",
		"address;name\n1;x\n":                 "semicolons",
		"where,name\n1,Voltage\n":             "address",
		"address,name\n70000,Voltage\n":       "line 2",
		"address,name,type\n1,Voltage,q8\n":   "q8",
		"address,name,scale\n1,Voltage,ten\n": "ten",
		"address,name,function\n1,V,9\n":      `"9"`,
		"address,name,states\n1,Mode,on\n":    `"on"`,
		"address,name\n1,Colour\n":            "none of its 1 registers",
	} {
		if _, err := FromCSV("x", "x.csv", strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", in, err, says)
		}
	}
}
