package workshop

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
